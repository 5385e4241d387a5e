/// The only code that sees the kernel: system calls, descriptors, mounts, sockets, processes, and
/// files of /proc and /sys. One final class for each family of manual pages; methods are named as
/// the calls.
///
/// A call that may block belongs on a platform thread, because native code pins the carrier of a
/// virtual thread; see [PlatformThreads].
@NullMarked
package io.atoll.linux;

import org.jspecify.annotations.NullMarked;
