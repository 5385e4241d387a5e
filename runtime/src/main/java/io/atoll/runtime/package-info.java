/// Runs containers on this host: compiles a [io.atoll.runtime.spec.ContainerSpec] into a plan, has
/// the fork server run it, and finds running containers again by their monitors. Keeps no thread
/// and no poller per container.
@NullMarked
package io.atoll.runtime;

import org.jspecify.annotations.NullMarked;
