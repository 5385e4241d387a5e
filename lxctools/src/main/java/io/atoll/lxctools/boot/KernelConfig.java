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
/// @param options by name without `CONFIG_`, values `y`, `m` or a number
record KernelConfig(Optional<Path> source, Map<String, String> options) {
    private static final int TEXT_MAX = 4 << 20;

    KernelConfig {
        options = Map.copyOf(options);
    }

    /// Looks at `named` if it is not empty, else where kernels and distributions leave it.
    static KernelConfig find(String named) {
        String release = read(Path.of("/proc/sys/kernel/osrelease")).strip();
        List<Path> places =
                named.isEmpty()
                        ? List.of(
                                Path.of("/proc/config.gz"),
                                Path.of("/boot/config-" + release),
                                Path.of("/lib/modules/" + release + "/build/.config"),
                                Path.of("/usr/src/linux/.config"))
                        : List.of(Path.of(named));
        for (Path place : places) {
            if (Files.isReadable(place)) {
                return new KernelConfig(Optional.of(place), parse(read(place)));
            }
        }
        return new KernelConfig(Optional.empty(), Map.of());
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
