package io.atoll.daemon.instance.compile;

import io.atoll.base.CpuSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Reads what limits are measured against; see proc_meminfo(5) and the kernel's cputopology
/// document.
public final class HostReader {
    private static final Path ONLINE = Path.of("/sys/devices/system/cpu/online");

    private HostReader() {}

    public static HostResources read() {
        try {
            return of(Files.readAllLines(Path.of("/proc/meminfo")), Files.readString(ONLINE));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read the host's memory and CPUs", e);
        }
    }

    /// The processors that the host has now.
    public static CpuSet onlineCpus() {
        try {
            return CpuSet.parse(Files.readString(ONLINE));
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read the host's CPUs", e);
        }
    }

    static HostResources of(List<String> meminfo, String online) {
        long kibibytes =
                meminfo.stream()
                        .filter(line -> line.startsWith("MemTotal:"))
                        .map(line -> line.replaceAll("\\D", ""))
                        .mapToLong(Long::parseLong)
                        .findFirst()
                        .orElse(0);
        return new HostResources(kibibytes << 10, CpuSet.parse(online));
    }
}
