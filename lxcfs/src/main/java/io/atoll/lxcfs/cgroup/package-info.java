/// Finding a reader's container and reading what its cgroups say.
@NullMarked
package io.atoll.lxcfs.cgroup;

import org.jspecify.annotations.NullMarked;
