package io.atoll.runtime.lxc;

import io.atoll.plan.Tokens;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.NicLink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// How a plain user's container asks for its interfaces: by a program that is called as
/// lxc-user-nic(1). Pure.
///
/// @param env its whole environment
record NicGrants(Path program, Map<String, String> env, Path lxcPath, String container) {
    /// Longer than the program itself waits.
    private static final Duration TIMEOUT = Duration.ofMinutes(1);

    NicGrants {
        env = Map.copyOf(env);
    }

    /// @param bridge `none` for an interface that is on no bridge
    /// @param nic its name inside
    NicLink.Granted link(String bridge, String nic) {
        return new NicLink.Granted(
                hook(HookSpec.Phase.START_HOST, "create", Tokens.CHILD_PID, bridge, nic),
                hook(HookSpec.Phase.POST_STOP, "delete", "none", bridge, nic));
    }

    private HookSpec hook(
            HookSpec.Phase phase, String verb, String whose, String bridge, String nic) {
        List<String> argv = new ArrayList<>(List.of(program.toString()));
        argv.addAll(List.of(verb, lxcPath.toString(), container, whose, "veth", bridge, nic));
        return new HookSpec(phase, argv, env, TIMEOUT);
    }
}
