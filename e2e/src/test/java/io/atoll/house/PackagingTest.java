package io.atoll.house;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The files for an installation by the system's own means.
class PackagingTest {
    private static final Path ROOT = Path.of(System.getProperty("atoll.root"));

    @Test
    void l2_02_03_directoriesOfTheInstallation() throws IOException {
        List<String> lines = Files.readAllLines(ROOT.resolve("packaging/tmpfiles.d/atoll.conf"));
        for (String directory : List.of("/var/cache/lxc", "/var/lib/lxc")) {
            assertTrue(
                    lines.stream().anyMatch(line -> line.startsWith("d " + directory + " ")),
                    directory);
        }
    }

    /// Keys that are shown as the defaults are those that the scripts know.
    @Test
    void defaultsAreKnownToTheScripts() throws IOException {
        for (String script : List.of("lxc-net", "lxc-containers", "lxd-bridge")) {
            String source =
                    Files.readString(
                            ROOT.resolve("lxctools/src/main/dist/libexec").resolve(script));
            Path defaults =
                    ROOT.resolve("packaging/default")
                            .resolve(script.equals("lxc-containers") ? "lxc" : script);
            for (String line : Files.readAllLines(defaults)) {
                if (line.matches("#[A-Z0-9_]+=.*")) {
                    String key = line.substring(1, line.indexOf('='));
                    assertTrue(source.contains("\n" + key + "="), script + " lacks " + key);
                }
            }
        }
    }
}
