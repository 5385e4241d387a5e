/// The FUSE kernel protocol, version 7, spoken without libfuse; the kernel's
/// include/uapi/linux/fuse.h and Documentation/filesystems/fuse.rst.
@NullMarked
package io.atoll.lxcfs.fuse;

import org.jspecify.annotations.NullMarked;
