package io.atoll.daemon.resource;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The words for vendors and products, out of the lists that distributions carry for PCI and USB:
/// lines `8086 Vendor`, below them lines `TAB 1237 Product`. Read once for all that is asked; a
/// host without the list has no words.
final class DeviceNames {
    private final Map<String, String> names = new HashMap<>();

    /// @param list `pci` or `usb`
    /// @param wanted `VENDOR:PRODUCT`, in lower case
    DeviceNames(SysFiles files, String list, Set<String> wanted) {
        for (String folder : List.of("usr/share/misc/", "usr/share/hwdata/")) {
            if (!wanted.isEmpty() && files.exists(folder + list + ".ids")) {
                read(files, folder + list + ".ids", wanted);
                return;
            }
        }
    }

    private void read(SysFiles files, String path, Set<String> wanted) {
        String vendor = "";
        try (BufferedReader in =
                Files.newBufferedReader(files.path(path), StandardCharsets.ISO_8859_1)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (line.matches("[0-9a-f]{4}  .*")) {
                    vendor = line.substring(0, 4);
                    names.put(vendor, line.substring(6));
                } else if (line.startsWith("\t") && !line.startsWith("\t\t") && line.length() > 7) {
                    String id = vendor + ":" + line.substring(1, 5);
                    if (wanted.contains(id)) {
                        names.put(id, line.substring(7));
                    }
                } else if (line.startsWith("C ")) {
                    return;
                }
            }
        } catch (IOException _) {
            // Without words, then.
            names.clear();
        }
    }

    String vendor(String id) {
        return names.getOrDefault(id, "");
    }

    String product(String vendor, String id) {
        return names.getOrDefault(vendor + ":" + id, "");
    }
}
