package io.atoll.daemon.metric;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The huge pages of one size that the host has.
///
/// @param pageBytes what one page holds
/// @param total how many there are
/// @param free how many of them nobody has
public record HugePages(long pageBytes, long total, long free) {
    private static final Path HOST = Path.of("/sys/kernel/mm/hugepages");
    private static final Pattern NAME = Pattern.compile("hugepages-(\\d{1,12})kB");

    /// Of every size. Empty where the kernel has none.
    public static List<HugePages> ofHost() {
        return of(HOST);
    }

    static List<HugePages> of(Path directory) {
        List<HugePages> out = new ArrayList<>();
        try (Stream<Path> sizes = Files.list(directory)) {
            for (Path size : sizes.sorted().toList()) {
                Matcher name = NAME.matcher(String.valueOf(size.getFileName()));
                if (name.matches()) {
                    out.add(
                            new HugePages(
                                    Long.parseLong(name.group(1)) << 10,
                                    number(size.resolve("nr_hugepages")),
                                    number(size.resolve("free_hugepages"))));
                }
            }
        } catch (IOException _) {
            // A kernel without them, or a size that is going: what is known is enough.
            return List.copyOf(out);
        }
        return List.copyOf(out);
    }

    private static long number(Path file) throws IOException {
        return Long.parseLong(Files.readString(file).strip());
    }

    /// As files of cgroups call the size: `2MB`.
    String name() {
        long kib = pageBytes >> 10;
        if (kib >= 1 << 20) {
            return (kib >> 20) + "GB";
        }
        return kib >= 1 << 10 ? (kib >> 10) + "MB" : kib + "KB";
    }
}
