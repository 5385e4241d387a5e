package io.atoll.linux;

import java.util.List;

/// One line of `/proc/PID/mountinfo`; proc_pid_mountinfo(5).
///
/// @param root the directory of the file system that is visible at `target`
/// @param target where it is mounted
/// @param options of the mount
/// @param source device or name
/// @param superOptions of the file system
public record MountInfo(
        int id,
        int parentId,
        long device,
        String root,
        String target,
        List<String> options,
        String fsType,
        String source,
        List<String> superOptions) {
    public MountInfo {
        options = List.copyOf(options);
        superOptions = List.copyOf(superOptions);
    }

    /// All lines of a file's text.
    ///
    /// @throws IllegalArgumentException if a line has another form
    public static List<MountInfo> parse(String text) {
        return text.lines().filter(line -> !line.isBlank()).map(MountInfo::parseLine).toList();
    }

    private static MountInfo parseLine(String line) {
        // id parent major:minor root target options [optional fields] - type source superoptions
        int dash = line.indexOf(" - ");
        String[] first = line.substring(0, Math.max(dash, 0)).split(" ");
        String[] second = line.substring(dash + 3).split(" ");
        if (dash < 0 || first.length < 6 || second.length < 2) {
            throw new IllegalArgumentException("not a line of mountinfo: " + line);
        }
        String[] device = first[2].split(":");
        return new MountInfo(
                Integer.parseInt(first[0]),
                Integer.parseInt(first[1]),
                FileStat.device(Integer.parseInt(device[0]), Integer.parseInt(device[1])),
                unescape(first[3]),
                unescape(first[4]),
                List.of(first[5].split(",")),
                second[0],
                unescape(second[1]),
                second.length > 2 ? List.of(second[2].split(",")) : List.of());
    }

    /// Undoes the kernel's octal escapes of space, tab, newline and backslash.
    static String unescape(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\'
                    && i + 3 < text.length()
                    && text.substring(i + 1, i + 4).matches("[0-7]{3}")) {
                out.append((char) Integer.parseInt(text.substring(i + 1, i + 4), 8));
                i += 3;
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
