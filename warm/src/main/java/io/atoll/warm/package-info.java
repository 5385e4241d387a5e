/// A process that runs the commands of one user, for many callers at once; `docs/warm.md`.
@NullMarked
package io.atoll.warm;

import org.jspecify.annotations.NullMarked;
