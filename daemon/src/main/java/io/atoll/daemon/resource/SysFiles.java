package io.atoll.daemon.resource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Reads `/proc` and `/sys`. Every file there is optional: what the kernel does not tell is empty
/// or 0.
///
/// @param root `/`, or a folder with recorded files
record SysFiles(Path root) {
    Path path(String path) {
        return root.resolve(path);
    }

    boolean exists(String path) {
        return Files.exists(path(path));
    }

    /// The stripped text; empty if there is no such file or it cannot be read, as the speed of a
    /// link that is down.
    String text(String path) {
        try {
            return new String(Files.readAllBytes(path(path)), StandardCharsets.UTF_8).strip();
        } catch (IOException _) {
            return "";
        }
    }

    long number(String path) {
        String text = text(path);
        return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
    }

    /// Sorted.
    List<String> names(String folder) {
        List<String> out = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path(folder))) {
            entries.forEach(e -> out.add(String.valueOf(e.getFileName())));
        } catch (IOException _) {
            return List.of();
        }
        out.sort(String::compareTo);
        return out;
    }

    /// The last name of what a symbolic link leads to; empty if it is none.
    String link(String path) {
        try {
            return String.valueOf(Files.readSymbolicLink(path(path)).getFileName());
        } catch (IOException _) {
            return "";
        }
    }

    /// Where a path leads when all links in it are followed, from the root on; empty if nowhere.
    String real(String path) {
        try {
            return root.toRealPath().relativize(path(path).toRealPath()).toString();
        } catch (IOException _) {
            return "";
        }
    }

    /// Lines `name: value`; of a name that occurs several times the first.
    Map<String, String> fields(String path) {
        Map<String, String> out = new TreeMap<>();
        for (String line : text(path).split("\n")) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                out.putIfAbsent(
                        line.substring(0, colon).strip(), line.substring(colon + 1).strip());
            }
        }
        return out;
    }

    /// The memory node that a device is next to; 0 where there is but one.
    long node(String device) {
        return number(device + "/numa_node");
    }

    /// The version of a driver's module, else that of the kernel, which it came with.
    String driverVersion(String driver) {
        String module = text("sys/module/" + driver + "/version");
        if (driver.isEmpty() || !module.isEmpty()) {
            return module;
        }
        return text("proc/sys/kernel/osrelease");
    }
}
