/// System calls that the host makes on behalf of containers.
///
/// The rule of all handlers: what a caller's memory holds is read once, into our own; that the
/// caller still waits is checked after the reading and before anything is done; and a call is
/// handed back to the kernel only where the kernel then asks for all rights itself.
@NullMarked
package io.atoll.runtime.intercept;

import org.jspecify.annotations.NullMarked;
