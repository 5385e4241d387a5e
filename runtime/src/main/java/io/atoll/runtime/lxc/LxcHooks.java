package io.atoll.runtime.lxc;

import io.atoll.plan.Tokens;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.HookSpec.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// `lxc.hook.*` and the scripts of interfaces, with the arguments and the environment that
/// lxc.container.conf(5) promises. Each is a command for `/bin/sh`, as it always was. Pure.
final class LxcHooks {
    /// A hook may fetch things; for ever it may not.
    static final Duration TIMEOUT = Duration.ofMinutes(10);

    private static final Map<String, Phase> PHASES =
            Map.of(
                    "pre-start", Phase.PRE_START,
                    "pre-mount", Phase.PRE_MOUNT,
                    "mount", Phase.MOUNT,
                    "autodev", Phase.AUTODEV,
                    "start-host", Phase.START_HOST,
                    "start", Phase.START,
                    "stop", Phase.STOP,
                    "post-stop", Phase.POST_STOP);

    private final String name;
    private final boolean isVersionOne;
    private final Map<String, String> common;

    /// @param common the caller's environment and the `LXC_*` variables that all hooks see
    LxcHooks(String name, LxcConfig config, Map<String, String> common) {
        this.name = name;
        this.isVersionOne = config.find("lxc.hook.version").filter("1"::equals).isPresent();
        this.common = Map.copyOf(common);
    }

    /// The container's hooks, in the order of the file.
    List<HookSpec> of(LxcConfig config, boolean hasAutodev) {
        List<HookSpec> out = new ArrayList<>();
        for (LxcConfig.Setting setting : config.below("lxc.hook.")) {
            String kind = setting.key().substring("lxc.hook.".length());
            Phase phase = PHASES.get(kind);
            if (phase != null && (phase != Phase.AUTODEV || hasAutodev)) {
                out.add(container(kind, phase, setting.value()));
            }
        }
        return out;
    }

    private HookSpec container(String kind, Phase phase, String command) {
        Map<String, String> env = new TreeMap<>(common);
        env.put("LXC_HOOK_TYPE", kind);
        env.put("LXC_HOOK_SECTION", "lxc");
        switch (phase) {
            case START_HOST -> env.put("LXC_PID", Tokens.CHILD_PID);
            case STOP, POST_STOP -> env.put("LXC_TARGET", Tokens.TARGET);
            case PRE_START, PRE_MOUNT, MOUNT, AUTODEV, START -> {}
        }
        return shell(phase, command, List.of(name, "lxc", kind), env);
    }

    /// The script of an interface.
    ///
    /// @param kind `up` or `down`
    /// @param type the interface's type
    /// @param link the parent, empty if none
    /// @param peer the host's end, empty if none
    HookSpec network(String kind, String command, String type, String link, String peer) {
        Map<String, String> env = new TreeMap<>(common);
        env.put("LXC_HOOK_TYPE", kind);
        env.put("LXC_HOOK_SECTION", "net");
        env.put("LXC_NET_TYPE", type);
        List<String> args = new ArrayList<>(List.of(name, "net", kind, type));
        if (!link.isEmpty()) {
            env.put("LXC_NET_PARENT", link);
            args.add(link);
        }
        if (!peer.isEmpty()) {
            env.put("LXC_NET_PEER", peer);
            args.add(peer);
        }
        boolean isUp = kind.equals("up");
        if (isUp) {
            env.put("LXC_PID", Tokens.CHILD_PID);
        } else {
            env.put("LXC_TARGET", Tokens.TARGET);
        }
        return shell(isUp ? Phase.START_HOST : Phase.POST_STOP, command, args, env);
    }

    private HookSpec shell(
            Phase phase, String command, List<String> args, Map<String, String> env) {
        // The shell gets them as "$@": nothing is quoted and nothing can be split.
        List<String> argv = new ArrayList<>(List.of("/bin/sh", "-c"));
        if (isVersionOne) {
            argv.add(command);
        } else {
            argv.add(command + " \"$@\"");
            argv.add("sh");
            argv.addAll(args);
        }
        return new HookSpec(phase, argv, env, TIMEOUT);
    }
}
