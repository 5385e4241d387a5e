/// Control groups of both versions: which hierarchies a host has and where, and their files;
/// cgroups(7).
@NullMarked
package io.atoll.linux.cgroup;

import org.jspecify.annotations.NullMarked;
