/// CRIU, which saves processes to files and brings them back: whether it works here, and its
/// arguments.
@NullMarked
package io.atoll.runtime.criu;

import org.jspecify.annotations.NullMarked;
