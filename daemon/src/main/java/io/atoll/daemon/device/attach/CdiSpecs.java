package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// Files in which vendors say what of the host belongs to a device; CNCF Container Device
/// Interface, up to version 1.0. JSON and YAML.
///
/// @param folders later ones win
record CdiSpecs(List<Path> folders) {
    static final CdiSpecs KERNEL = new CdiSpecs(List.of(Path.of("/etc/cdi"), Path.of("/run/cdi")));

    private static final int FILE_BYTES_MAX = 1 << 20;

    CdiSpecs {
        folders = List.copyOf(folders);
    }

    /// What a device is.
    ///
    /// @param qualified `VENDOR/CLASS=NAME`
    /// @throws InvalidConfigException if no file describes it, two of one folder do, or one that
    ///   may cannot be understood
    CdiEdits find(String qualified) {
        int equals = qualified.indexOf('=');
        String kind = qualified.substring(0, equals);
        String name = qualified.substring(equals + 1);
        return folders.reversed().stream()
                .flatMap(folder -> in(folder, kind, name).stream())
                .findFirst()
                .orElseThrow(() ->
                        new InvalidConfigException(
                                "No CDI file in " + folders + " describes \"" + qualified + "\""));
    }

    private static Optional<CdiEdits> in(Path folder, String kind, String name) {
        Optional<CdiEdits> found = Optional.empty();
        for (Path file : files(folder)) {
            Optional<CdiEdits> here;
            try {
                here = in(file, load(file), kind, name);
            } catch (InvalidConfigException e) {
                throw new InvalidConfigException(e.getMessage() + " (" + file + ")", e);
            }
            if (here.isPresent() && found.isPresent()) {
                throw new InvalidConfigException(
                        "Two CDI files in "
                                + folder
                                + " describe \""
                                + kind
                                + "="
                                + name
                                + "\", one of them is "
                                + file);
            }
            found = here.isPresent() ? here : found;
        }
        return found;
    }

    private static Optional<CdiEdits> in(Path file, Map<?, ?> spec, String kind, String name) {
        if (!kind.equals(spec.get("kind"))) {
            return Optional.empty();
        }
        String version = String.valueOf(spec.get("cdiVersion"));
        if (!version.matches("(0|1)\\.\\d+(\\.\\d+)?")) {
            throw new InvalidConfigException(
                    "Invalid CDI file: \"cdiVersion\" " + version + " is not known here");
        }
        for (Object one : CdiEdits.list(spec, "devices")) {
            Map<?, ?> device = CdiEdits.map(one, "devices");
            if (name.equals(String.valueOf(device.get("name")))) {
                CdiEdits edits =
                        CdiEdits.parse(spec.get("containerEdits"), device.get("containerEdits"));
                if (!edits.hooks().isEmpty()) {
                    requireTrust(file);
                }
                return Optional.of(edits);
            }
        }
        return Optional.empty();
    }

    /// Hooks run as root.
    private static void requireTrust(Path file) {
        try {
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
            boolean isOurs =
                    Files.getAttribute(file, "unix:uid")
                            .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
            if (!isOurs
                    || mode.contains(PosixFilePermission.GROUP_WRITE)
                    || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new InvalidConfigException(
                        "CDI file has hooks, and others than root can write it");
            }
        } catch (IOException e) {
            throw new InvalidConfigException("CDI file cannot be read: " + e.getMessage(), e);
        }
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

    private static Map<?, ?> load(Path file) {
        try {
            if (Files.size(file) > FILE_BYTES_MAX) {
                throw new InvalidConfigException("CDI file is too large");
            }
            return CdiEdits.map(
                    new Load(LoadSettings.builder().setLabel(file.toString()).build())
                            .loadFromString(Files.readString(file, StandardCharsets.UTF_8)),
                    "CDI file");
        } catch (IOException | YamlEngineException e) {
            throw new InvalidConfigException("CDI file cannot be read: " + e.getMessage(), e);
        }
    }
}
