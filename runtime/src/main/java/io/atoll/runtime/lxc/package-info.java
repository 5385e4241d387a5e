/// The `lxc.*` configuration language of lxc.container.conf(5): files, keys current and legacy, and
/// their translation to [io.atoll.runtime.spec.ContainerSpec].
@NullMarked
package io.atoll.runtime.lxc;

import org.jspecify.annotations.NullMarked;
