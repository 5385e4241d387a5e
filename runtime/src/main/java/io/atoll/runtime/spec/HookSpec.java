package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A program that runs at some point of a container's life. A failing hook fails the start, or is
/// only logged once the container is dead.
///
/// @param phase when, and in which process
/// @param argv program and arguments, no shell
/// @param env its whole environment
/// @param timeout after which it is killed and counts as failed
public record HookSpec(Phase phase, List<String> argv, Map<String, String> env, Duration timeout) {
    /// When a hook runs; lxc.container.conf(5), container hooks.
    public enum Phase {
        /// By the monitor, host's namespaces, before anything else.
        PRE_START,
        /// By the container's first process, before the root is mounted.
        PRE_MOUNT,
        /// Likewise, after the mounts are made and before the root is entered.
        MOUNT,
        /// Likewise, after `/dev` is mounted and before nodes are made.
        AUTODEV,
        /// By the monitor, after the container is set up and before init runs.
        START_HOST,
        /// By the container's first process inside the root, just before init runs.
        START,
        /// By the monitor after death, while the namespaces are still held.
        STOP,
        /// By the monitor after all is gone.
        POST_STOP
    }

    public HookSpec {
        argv = List.copyOf(argv);
        env = Map.copyOf(env);
        if (argv.isEmpty()) {
            throw new InvalidConfigException("hook has no program");
        }
    }
}
