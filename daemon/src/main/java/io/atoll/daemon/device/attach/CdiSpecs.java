package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.FileStat;
import io.atoll.runtime.spec.DeviceNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// Files in which vendors say what of the host belongs to a device: nodes and files; CNCF Container
/// Device Interface 0.6. JSON and YAML. Variables of the environment and hooks are left out: an
/// instance is a whole system, which has a linker cache of its own.
///
/// @param folders later ones win
record CdiSpecs(List<Path> folders) {
    static final CdiSpecs KERNEL = new CdiSpecs(List.of(Path.of("/etc/cdi"), Path.of("/run/cdi")));

    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final int ENTRIES_MAX = 1000;
    private static final int PERMISSIONS = 0777;

    CdiSpecs {
        folders = List.copyOf(folders);
    }

    /// What belongs to a device.
    record Edits(List<HostDevices.Node> nodes, List<Mount> mounts) {
        Edits {
            nodes = List.copyOf(nodes);
            mounts = List.copyOf(mounts);
        }
    }

    /// A file or folder of the host.
    record Mount(String source, String target, boolean isReadOnly) {}

    /// What a device is.
    ///
    /// @param qualified `VENDOR/CLASS=NAME`
    /// @throws InvalidConfigException if no file describes it
    Edits find(String qualified) {
        int equals = qualified.indexOf('=');
        String kind = qualified.substring(0, equals);
        String name = qualified.substring(equals + 1);
        Optional<Edits> found = Optional.empty();
        for (Path folder : folders) {
            for (Path file : files(folder)) {
                Map<?, ?> spec = map(load(file));
                if (kind.equals(spec.get("kind"))) {
                    for (Object device : list(spec.get("devices"))) {
                        if (name.equals(String.valueOf(map(device).get("name")))) {
                            found =
                                    Optional.of(
                                            edits(
                                                    map(spec.get("containerEdits")),
                                                    map(map(device).get("containerEdits"))));
                        }
                    }
                }
            }
        }
        return found.orElseThrow(() ->
                new InvalidConfigException(
                        "No CDI file in " + folders + " describes \"" + qualified + "\""));
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().matches(".*\\.(json|yaml|yml)"))
                    .sorted()
                    .toList();
        } catch (IOException _) {
            return List.of();
        }
    }

    private static Object load(Path file) {
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new InvalidConfigException("CDI file " + file + " is too large");
            }
            Object loaded =
                    new Load(LoadSettings.builder().setLabel(file.toString()).build())
                            .loadFromString(Files.readString(file, StandardCharsets.UTF_8));
            return loaded == null ? Map.of() : loaded;
        } catch (IOException | YamlEngineException e) {
            throw new InvalidConfigException(
                    "CDI file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Map<?, ?> map(@org.jspecify.annotations.Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<?> list(@org.jspecify.annotations.Nullable Object value) {
        List<?> out = value instanceof List<?> list ? list : List.of();
        if (out.size() > ENTRIES_MAX) {
            throw new InvalidConfigException("More than " + ENTRIES_MAX + " entries in a CDI file");
        }
        return out;
    }

    private static String text(Map<?, ?> map, String key) {
        Object value = map.get(key);
        return value == null ? "" : value.toString();
    }

    private static Edits edits(Map<?, ?> ofAll, Map<?, ?> own) {
        List<HostDevices.Node> nodes = new ArrayList<>();
        List<Mount> mounts = new ArrayList<>();
        for (Map<?, ?> edits : List.of(ofAll, own)) {
            for (Object node : list(edits.get("deviceNodes"))) {
                nodes.add(node(map(node)));
            }
            for (Object mount : list(edits.get("mounts"))) {
                mounts.add(mount(map(mount)));
            }
        }
        return new Edits(nodes, mounts);
    }

    private static HostDevices.Node node(Map<?, ?> node) {
        String path = absolute(text(node, "path"));
        String hostPath = text(node, "hostPath");
        try {
            FileStat stat = FileStat.of(hostPath.isEmpty() ? path : absolute(hostPath));
            boolean isBlock = stat.type() == FileStat.Type.BLOCK_DEVICE;
            if (!isBlock && stat.type() != FileStat.Type.CHAR_DEVICE) {
                throw new InvalidConfigException(path + " is no device");
            }
            return new HostDevices.Node(
                    path,
                    isBlock ? DeviceNode.Type.BLOCK : DeviceNode.Type.CHAR,
                    FileStat.major(stat.rdev()),
                    FileStat.minor(stat.rdev()),
                    stat.mode() & PERMISSIONS);
        } catch (ErrnoException e) {
            throw new InvalidConfigException("Required device not present: " + path, e);
        }
    }

    private static Mount mount(Map<?, ?> mount) {
        return new Mount(
                absolute(text(mount, "hostPath")),
                absolute(text(mount, "containerPath")),
                list(mount.get("options")).contains("ro"));
    }

    private static String absolute(String path) {
        if (!path.startsWith("/") || path.contains("/../")) {
            throw new InvalidConfigException("Not an absolute path in a CDI file: " + path);
        }
        return path;
    }
}
