package io.atoll.runtime.lxc;

import io.atoll.base.InternalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// lxc.conf(5): what holds for all containers of a caller, from `/etc/lxc/lxc.conf`, or for plain
/// users from `~/.config/lxc/lxc.conf`.
///
/// @param values what was read, by key
/// @param env the caller's environment
/// @param isRoot true if the caller is the host's root
public record LxcSystemConfig(Map<String, String> values, Map<String, String> env, boolean isRoot) {
    /// Its keys, and what `lxc-config -l` lists.
    public static final List<String> KEYS =
            List.of(
                    "lxc.default_config",
                    "lxc.lxcpath",
                    "lxc.bdev.lvm.vg",
                    "lxc.bdev.lvm.thin_pool",
                    "lxc.bdev.zfs.root",
                    "lxc.bdev.rbd.rbdpool",
                    "lxc.cgroup.use",
                    "lxc.cgroup.pattern");

    public LxcSystemConfig {
        values = Map.copyOf(values);
        env = Map.copyOf(env);
    }

    /// Reads the caller's file; a missing one means defaults. Blocks.
    public static LxcSystemConfig load(Map<String, String> env, boolean isRoot) {
        LxcSystemConfig defaults = new LxcSystemConfig(Map.of(), env, isRoot);
        Path file = defaults.directory().resolve("lxc.conf");
        if (!Files.exists(file) || !Files.isReadable(file)) {
            return defaults;
        }
        try {
            return new LxcSystemConfig(parse(Files.readString(file)), env, isRoot);
        } catch (IOException e) {
            throw new InternalException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /// `key = value` lines; `#` in the first column starts a comment.
    static Map<String, String> parse(String text) {
        Map<String, String> values = new TreeMap<>();
        for (String line : text.lines().toList()) {
            int equals = line.indexOf('=');
            if (!line.startsWith("#") && equals > 0) {
                values.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
            }
        }
        return values;
    }

    /// Where `lxc.conf` and `default.conf` are; `ATOLL_LXC_CONFIG_DIR` names another place.
    public Path directory() {
        String named = env.getOrDefault("ATOLL_LXC_CONFIG_DIR", "");
        if (!named.isEmpty()) {
            return Path.of(named);
        }
        return isRoot ? Path.of("/etc/lxc") : home().resolve(".config/lxc");
    }

    private Path home() {
        return Path.of(env.getOrDefault("HOME", "/"));
    }

    /// A key's value or its default; empty if there is neither.
    public Optional<String> find(String key) {
        String set = values.get(key);
        if (set != null && !set.isEmpty()) {
            return Optional.of(set);
        }
        return switch (key) {
            case "lxc.lxcpath" ->
                    Optional.of(
                            isRoot
                                    ? "/var/lib/lxc"
                                    : home().resolve(".local/share/lxc").toString());
            case "lxc.default_config" ->
                    Optional.of(directory().resolve("default.conf").toString());
            case "lxc.bdev.lvm.vg",
                    "lxc.bdev.lvm.thin_pool",
                    "lxc.bdev.zfs.root",
                    "lxc.bdev.rbd.rbdpool" ->
                    Optional.of("lxc");
            default -> Optional.empty();
        };
    }

    /// The directory of containers.
    public Path lxcPath() {
        return Path.of(find("lxc.lxcpath").orElseThrow());
    }

    /// What new containers' configuration begins as.
    public Path defaultConfig() {
        return Path.of(find("lxc.default_config").orElseThrow());
    }

    /// Where the runtime keeps sockets; `ATOLL_RUN_DIR` names another place.
    public Path runDirectory() {
        String named = env.getOrDefault("ATOLL_RUN_DIR", "");
        if (!named.isEmpty()) {
            return Path.of(named);
        }
        if (isRoot) {
            return Path.of("/run/atoll/lxc");
        }
        String session = env.getOrDefault("XDG_RUNTIME_DIR", "");
        return session.isEmpty()
                ? home().resolve(".cache/atoll/run")
                : Path.of(session, "atoll/lxc");
    }
}
