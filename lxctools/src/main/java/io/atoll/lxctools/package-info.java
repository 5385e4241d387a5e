/// The `lxc-*` commands: LXC's tools on Atoll's runtime, without a daemon. [Tools] is the table of
/// them; each is a class that sees the world through its [Call] only.
@NullMarked
package io.atoll.lxctools;

import org.jspecify.annotations.NullMarked;
