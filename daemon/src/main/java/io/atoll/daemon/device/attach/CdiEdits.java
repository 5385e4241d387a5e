package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.FileStat;
import io.atoll.runtime.spec.DeviceNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a vendor's file says belongs to a device: `containerEdits` of the Container Device
/// Interface. `additionalGids` says nothing to an instance, whose groups are its own; what would
/// have to be done and cannot be is refused.
///
/// @param environment variables of the instance's programs
record CdiEdits(
        Map<String, String> environment,
        List<HostDevices.Node> nodes,
        List<Mount> mounts,
        List<Hook> hooks) {
    private static final int ENTRIES_MAX = 1000;
    private static final int PERMISSIONS = 0777;
    private static final int HOOK_SECONDS = 30;
    private static final int HOOK_SECONDS_MAX = 600;

    /// Words that ask for what every mount is.
    private static final Set<String> USUAL =
            Set.of("bind", "rw", "suid", "dev", "exec", "atime", "relatime", "defaults");

    private static final Set<String> PROPAGATIONS =
            Set.of(
                    "private",
                    "shared",
                    "slave",
                    "unbindable",
                    "rprivate",
                    "rshared",
                    "rslave",
                    "runbindable");

    CdiEdits {
        environment = Map.copyOf(environment);
        nodes = List.copyOf(nodes);
        mounts = List.copyOf(mounts);
        hooks = List.copyOf(hooks);
    }

    /// A file or folder of the host.
    ///
    /// @param options flags of mount(8) without `ro`
    record Mount(
            String source,
            String target,
            boolean isReadOnly,
            boolean isRecursive,
            String propagation,
            List<String> options) {
        Mount {
            options = List.copyOf(options);
        }
    }

    /// When a hook runs: the hooks of the OCI runtime specification that are the host's.
    enum Moment {
        /// `prestart`, `createRuntime` and `createContainer`: all is there but the first program.
        CREATED,
        /// `poststart`.
        STARTED,
        /// `poststop`.
        STOPPED
    }

    /// A program of the host.
    ///
    /// @param args its arguments, the first is its name
    record Hook(
            Moment moment,
            String path,
            List<String> args,
            Map<String, String> environment,
            Duration timeout) {
        Hook {
            args = List.copyOf(args);
            environment = Map.copyOf(environment);
        }
    }

    /// What every device of a file gets, and on top of it what one gets.
    ///
    /// @param ofAll as read, null if nothing is said
    /// @throws InvalidConfigException naming what is wrong
    static CdiEdits parse(@Nullable Object ofAll, @Nullable Object own) {
        Map<String, String> environment = new TreeMap<>();
        List<HostDevices.Node> nodes = new ArrayList<>();
        List<Mount> mounts = new ArrayList<>();
        List<Hook> hooks = new ArrayList<>();
        for (Map<?, ?> edits : List.of(map(ofAll, "containerEdits"), map(own, "containerEdits"))) {
            if (edits.containsKey("intelRdt") || edits.containsKey("netDevices")) {
                throw invalid("intelRdt and netDevices are not supported");
            }
            for (Object line : list(edits, "env")) {
                environment.putAll(variable(line));
            }
            for (Object node : list(edits, "deviceNodes")) {
                nodes.add(node(map(node, "deviceNodes")));
            }
            for (Object mount : list(edits, "mounts")) {
                mounts.add(mount(map(mount, "mounts")));
            }
            for (Object hook : list(edits, "hooks")) {
                hooks.add(hook(map(hook, "hooks")));
            }
        }
        return new CdiEdits(environment, nodes, mounts, hooks);
    }

    private static InvalidConfigException invalid(String why) {
        return new InvalidConfigException("Invalid CDI file: " + why);
    }

    static Map<?, ?> map(@Nullable Object value, String what) {
        if (value == null) {
            return Map.of();
        }
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw invalid("\"" + what + "\" is not made of names and values: " + value);
    }

    static List<?> list(Map<?, ?> of, String key) {
        Object value = of.get(key);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw invalid("\"" + key + "\" is no list: " + value);
        }
        if (list.size() > ENTRIES_MAX) {
            throw invalid("\"" + key + "\" has more than " + ENTRIES_MAX + " entries");
        }
        return list;
    }

    private static Optional<String> text(Map<?, ?> map, String key) {
        return Optional.ofNullable(map.get(key)).map(Object::toString).filter(t -> !t.isEmpty());
    }

    private static Optional<Integer> number(Map<?, ?> map, String key) {
        return text(map, key)
                .map(t -> {
                    if (!t.matches("\\d{1,9}")) {
                        throw invalid("\"" + key + "\" is no number: " + t);
                    }
                    return Integer.parseInt(t);
                });
    }

    private static Map<String, String> variable(Object line) {
        String[] words = line.toString().split("=", 2);
        if (words.length < 2 || !words[0].matches("[^\\s\\x00]+") || words[1].contains("\0")) {
            throw invalid("a variable of \"env\" is not NAME=VALUE: " + line);
        }
        return Map.of(words[0], words[1]);
    }

    private static String absolute(String path) {
        if (!path.startsWith("/")
                || path.contains("\0")
                || List.of(path.split("/")).contains("..")) {
            throw invalid("not an absolute path: \"" + path + "\"");
        }
        return path;
    }

    private static String path(Map<?, ?> map, String key) {
        return absolute(text(map, key).orElse(""));
    }

    private static HostDevices.Node node(Map<?, ?> node) {
        String path = path(node, "path");
        String hostPath = text(node, "hostPath").map(CdiEdits::absolute).orElse(path);
        Optional<Integer> major = number(node, "major");
        Optional<Integer> minor = number(node, "minor");
        Optional<DeviceNode.Type> type = text(node, "type").map(CdiEdits::type);
        HostDevices.Node found =
                type.isPresent() && major.isPresent() && minor.isPresent()
                        ? new HostDevices.Node(path, type.get(), major.get(), minor.get(), 0660)
                        : onHost(path, hostPath);
        if (type.isPresent() && type.get() != found.type()) {
            throw invalid(hostPath + " is no device of type " + type.get().letter());
        }
        String access = text(node, "permissions").orElse("rwm");
        if (!access.matches("[rwm]{1,3}")) {
            throw invalid("\"permissions\" are some of rwm, not " + access);
        }
        return new HostDevices.Node(
                path,
                found.type(),
                found.major(),
                found.minor(),
                number(node, "fileMode").map(m -> m & PERMISSIONS).orElse(found.mode()),
                number(node, "uid").orElse(0),
                number(node, "gid").orElse(0),
                access);
    }

    private static DeviceNode.Type type(String letter) {
        return switch (letter) {
            case "b" -> DeviceNode.Type.BLOCK;
            case "c", "u" -> DeviceNode.Type.CHAR;
            default -> throw invalid("\"type\" of a device node is b, c or u, not " + letter);
        };
    }

    private static HostDevices.Node onHost(String path, String hostPath) {
        try {
            FileStat stat = FileStat.of(hostPath);
            boolean isBlock = stat.type() == FileStat.Type.BLOCK_DEVICE;
            if (!isBlock && stat.type() != FileStat.Type.CHAR_DEVICE) {
                throw invalid(hostPath + " is no device");
            }
            return new HostDevices.Node(
                    path,
                    isBlock ? DeviceNode.Type.BLOCK : DeviceNode.Type.CHAR,
                    FileStat.major(stat.rdev()),
                    FileStat.minor(stat.rdev()),
                    stat.mode() & PERMISSIONS);
        } catch (ErrnoException e) {
            throw new InvalidConfigException("Required device not present: " + hostPath, e);
        }
    }

    private static Mount mount(Map<?, ?> mount) {
        String type = text(mount, "type").orElse("bind");
        if (!type.equals("bind") && !type.equals("none")) {
            throw invalid("mounts of type \"" + type + "\" are not supported");
        }
        List<String> words = list(mount, "options").stream().map(Object::toString).toList();
        return new Mount(
                path(mount, "hostPath"),
                path(mount, "containerPath"),
                words.contains("ro"),
                words.contains("rbind"),
                words.stream().filter(PROPAGATIONS::contains).findFirst().orElse("private"),
                words.stream()
                        .filter(w ->
                                !USUAL.contains(w)
                                        && !PROPAGATIONS.contains(w)
                                        && !w.equals("ro")
                                        && !w.equals("rbind"))
                        .toList());
    }

    private static Hook hook(Map<?, ?> hook) {
        String name = text(hook, "hookName").orElse("");
        Moment moment =
                switch (name) {
                    case "prestart", "createRuntime", "createContainer" -> Moment.CREATED;
                    case "poststart" -> Moment.STARTED;
                    case "poststop" -> Moment.STOPPED;
                    case "startContainer" ->
                            throw invalid(
                                    "hooks of the kind startContainer, programs of the instance's own,"
                                            + " are not supported");
                    default -> throw invalid("unknown kind of hook \"" + name + "\"");
                };
        String path = path(hook, "path");
        List<String> args = list(hook, "args").stream().map(Object::toString).toList();
        Map<String, String> environment = new TreeMap<>();
        list(hook, "env").forEach(line -> environment.putAll(variable(line)));
        int seconds = number(hook, "timeout").orElse(HOOK_SECONDS);
        if (seconds < 1 || seconds > HOOK_SECONDS_MAX) {
            throw invalid("\"timeout\" of a hook is 1 to " + HOOK_SECONDS_MAX + " seconds");
        }
        return new Hook(moment, path, args, environment, Duration.ofSeconds(seconds));
    }

    /// The programs of a moment, in the file's order.
    List<Hook> hooks(Moment moment) {
        return hooks.stream().filter(h -> h.moment() == moment).toList();
    }

    /// The command of a hook, whose file may have another name than it is called by.
    static List<String> argv(Hook hook) {
        return Stream.concat(Stream.of(hook.path()), hook.args().stream().skip(1)).toList();
    }
}
