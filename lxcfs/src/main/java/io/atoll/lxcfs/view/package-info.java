/// Views: pure functions from cgroup numbers and the host's file to the text a container reads. No
/// I/O here.
@NullMarked
package io.atoll.lxcfs.view;

import org.jspecify.annotations.NullMarked;
