package io.atoll.house;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.daemon.Daemon;
import io.atoll.daemon.DaemonOptions;
import io.atoll.daemon.event.Events;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Holds `docs/reference` to the declarations in the code. With `-Datoll.reference=write`, which is
/// what `./mk docs` does, it writes the pages instead.
final class ReferenceTest {
    private static final Path REFERENCE =
            Path.of(System.getProperty("atoll.root"), "docs", "reference");

    /// Made by comparing with LXD, not from the code.
    private static final String CONFORMANCE = "conformance.md";

    @Test
    void pagesAreWhatTheCodeDeclares() throws IOException {
        Map<String, String> rendered = rendered();
        if (System.getProperty("atoll.reference", "").equals("write")) {
            write(rendered);
        }
        Map<String, String> present = present();
        assertEquals(rendered.keySet(), present.keySet(), "run ./mk docs");
        rendered.forEach((name, text) ->
                assertEquals(text, present.get(name), name + " is stale: run ./mk docs"));
    }

    /// The daemon is made, as that is where its endpoints come together, but not started.
    private static Map<String, String> rendered() throws IOException {
        Path state = Files.createTempDirectory("atoll-reference-");
        DaemonOptions options =
                DaemonOptions.parse(List.of("--state-dir", state.toString()), Map.of());
        try (Daemon daemon = Daemon.open(options, new Events())) {
            return ReferencePages.render(daemon.endpoints());
        } finally {
            try (Stream<Path> files = Files.walk(state)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static Map<String, String> present() throws IOException {
        Map<String, String> pages = new TreeMap<>();
        if (Files.isDirectory(REFERENCE)) {
            try (Stream<Path> files = Files.list(REFERENCE)) {
                for (Path file : files.filter(f -> !f.endsWith(CONFORMANCE)).toList()) {
                    pages.put(file.getFileName().toString(), Files.readString(file));
                }
            }
        }
        return pages;
    }

    private static void write(Map<String, String> pages) throws IOException {
        Files.createDirectories(REFERENCE);
        for (String old : present().keySet()) {
            Files.delete(REFERENCE.resolve(old));
        }
        for (Map.Entry<String, String> page : pages.entrySet()) {
            Files.writeString(REFERENCE.resolve(page.getKey()), page.getValue());
        }
    }
}
