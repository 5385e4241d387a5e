package io.atoll.runtime.lxc;

import io.atoll.runtime.ExecSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// How a container is started, apart from its configuration.
///
/// @param command what to run instead of `lxc.init.cmd`; empty for that
/// @param isApplication true to run the command below a small init that reaps and passes signals
///   and the exit status on, as `lxc-execute` does
/// @param env the caller's environment, for hooks and for `lxc.environment` without a value
/// @param shared namespaces to share, by their file name (`net`, `ipc`, …): a container's name, a
///   path that ends in one, or a pid
/// @param uid user to run as inside, instead of `lxc.init.uid`
/// @param gid group to run as inside, instead of `lxc.init.gid`
/// @param pidFile gets the monitor's pid and is removed when the container stops
/// @param tools directory of the `lxc-*` commands, which destroy an ephemeral container at its end
/// @param stdio descriptors for the first program instead of the console
/// @param caller pid of whoever wants it, whose cgroups `lxc.cgroup.relative` means
public record LxcStart(
        List<String> command,
        boolean isApplication,
        Map<String, String> env,
        Map<String, String> shared,
        OptionalLong uid,
        OptionalLong gid,
        Optional<Path> pidFile,
        Optional<Path> tools,
        Optional<ExecSpec.Stdio.Fds> stdio,
        long caller) {
    /// As configured, with nothing from the caller.
    public static final LxcStart DEFAULT =
            new LxcStart(
                    List.of(),
                    false,
                    Map.of(),
                    Map.of(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    ProcessHandle.current().pid());

    public LxcStart {
        command = List.copyOf(command);
        env = Map.copyOf(env);
        shared = Map.copyOf(shared);
    }

    /// A copy with other descriptors.
    public LxcStart withStdio(Optional<ExecSpec.Stdio.Fds> fds) {
        return new LxcStart(
                command, isApplication, env, shared, uid, gid, pidFile, tools, fds, caller);
    }

    /// A copy for another caller.
    public LxcStart withCaller(long pid) {
        return new LxcStart(
                command, isApplication, env, shared, uid, gid, pidFile, tools, stdio, pid);
    }
}
