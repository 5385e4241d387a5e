/// A small JSON codec: a value tree, a strict reader with bounds, a writer. It exists because
/// commands must start in milliseconds, which reflection-based mappers do not allow; the daemon
/// uses the same one.
@NullMarked
package io.atoll.base.json;

import org.jspecify.annotations.NullMarked;
