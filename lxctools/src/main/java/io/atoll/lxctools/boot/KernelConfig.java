package io.atoll.lxctools.boot;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;

/// With which options the running kernel was built, if it can be known.
///
/// @param source the file it was read from; empty if there is none
/// @param absent what was named and is not there
/// @param options by name without `CONFIG_`, values `y`, `m` or a number
record KernelConfig(Optional<Path> source, Optional<Path> absent, Map<String, String> options) {
    private static final Path OWN = Path.of("/proc/config.gz");
    private static final int TEXT_MAX = 4 << 20;

    KernelConfig {
        options = Map.copyOf(options);
    }

    /// Looks at `named` if it is not empty, else where kernels and distributions leave it.
    static KernelConfig find(String named) {
        String release = read(Path.of("/proc/sys/kernel/osrelease")).strip();
        List<Path> places =
                List.of(
                        named.isEmpty() ? OWN : Path.of(named),
                        OWN,
                        Path.of("/boot/config-" + release),
                        Path.of("/lib/modules/" + release + "/build/.config"),
                        Path.of("/usr/src/linux/.config"));
        Optional<Path> absent =
                Optional.of(places.getFirst())
                        .filter(place -> !named.isEmpty() && !Files.isReadable(place));
        for (Path place : places) {
            if (Files.isReadable(place)) {
                return new KernelConfig(Optional.of(place), absent, parse(read(place)));
            }
        }
        return new KernelConfig(Optional.empty(), absent, Map.of());
    }

    /// Whether it is what the running kernel tells about itself.
    boolean isUsual() {
        return source.equals(Optional.of(OWN));
    }

    private static String read(Path file) {
        try (InputStream raw = Files.newInputStream(file);
                InputStream text =
                        file.toString().endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
            return new String(text.readNBytes(TEXT_MAX), StandardCharsets.UTF_8);
        } catch (IOException _) {
            return "";
        }
    }

    static Map<String, String> parse(String text) {
        Map<String, String> options = new HashMap<>();
        for (String line : text.lines().toList()) {
            int equals = line.indexOf('=');
            if (line.startsWith("CONFIG_") && equals > 0) {
                options.put(line.substring("CONFIG_".length(), equals), line.substring(equals + 1));
            }
        }
        return options;
    }

    /// True if the option is built in or a module; empty if nothing is known.
    Optional<Boolean> has(String option) {
        return source.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        options.getOrDefault(option, "n").equals("y")
                                || options.getOrDefault(option, "n").equals("m"));
    }
}
