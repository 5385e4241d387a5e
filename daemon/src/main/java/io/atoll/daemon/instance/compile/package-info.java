/// From an instance's expanded configuration to the runtime's
/// [io.atoll.runtime.spec.ContainerSpec]. Pure: what is known of the host is handed in.
@NullMarked
package io.atoll.daemon.instance.compile;

import org.jspecify.annotations.NullMarked;
