/// Network interfaces for plain users: a service of root's that gives those which lxc-usernet(5)
/// allows, in place of a setuid program.
@NullMarked
package io.atoll.lxctools.nic;

import org.jspecify.annotations.NullMarked;
