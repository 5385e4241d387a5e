package io.atoll.lxctools.disk;

import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcContainer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Hooks that run when a container is copied or destroyed, not when it starts;
/// lxc.container.conf(5), container hooks.
final class DiskHooks {
    private static final Duration TIMEOUT = Duration.ofMinutes(10);

    private DiskHooks() {}

    /// Runs the commands of a key in order.
    ///
    /// @param type as the hook sees it
    /// @param arguments more words for it
    /// @throws UnavailableException if one fails
    static void run(LxcContainer container, String key, String type, List<String> arguments) {
        run(container, key, type, arguments, Map.of());
    }

    /// As [#run(LxcContainer,String,String,List)] with more environment.
    static void run(
            LxcContainer container,
            String key,
            String type,
            List<String> arguments,
            Map<String, String> more) {
        LxcConfig config = container.config();
        for (String hook : config.all(key)) {
            boolean isOld = !config.find("lxc.hook.version").orElse("0").equals("1");
            StringBuilder line = new StringBuilder(hook);
            if (isOld) {
                line.append(' ').append(quote(container.name())).append(" lxc ").append(type);
            }
            arguments.forEach(word -> line.append(' ').append(quote(word)));
            Command command = Command.of("/bin/sh", "-c", line.toString()).timeout(TIMEOUT);
            Map<String, String> env = environment(container, config, type);
            env.putAll(more);
            for (Map.Entry<String, String> variable : env.entrySet()) {
                command = command.environment(variable.getKey(), variable.getValue());
            }
            try {
                Commands.Result unused = Commands.run(command.directory(Path.of("/")));
            } catch (CommandFailed e) {
                throw new UnavailableException(
                        "hook " + key + " failed: " + hook + ": " + e.getMessage(), e);
            }
        }
    }

    private static Map<String, String> environment(
            LxcContainer container, LxcConfig config, String type) {
        Map<String, String> env = new TreeMap<>();
        env.put("LXC_NAME", container.name());
        env.put("LXC_CONFIG_FILE", container.configFile().toString());
        env.put("LXC_HOOK_VERSION", config.find("lxc.hook.version").orElse("0"));
        env.put("LXC_HOOK_TYPE", type);
        env.put("LXC_HOOK_SECTION", "lxc");
        env.put("LXC_CGNS_AWARE", "1");
        config.find("lxc.rootfs.path").ifPresent(path -> env.put("LXC_ROOTFS_PATH", path));
        return env;
    }

    private static String quote(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
