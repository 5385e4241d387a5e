package io.atoll.daemon.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the server tells about its host in `environment`; read once.
record HostFacts(
        String kernel,
        String kernelVersion,
        String architecture,
        String osName,
        String osVersion,
        String hostName) {

    static HostFacts read() {
        Map<String, String> os = osRelease(Path.of("/etc/os-release"));
        return new HostFacts(
                firstLine("/proc/sys/kernel/ostype", "Linux"),
                firstLine("/proc/sys/kernel/osrelease", ""),
                architecture(System.getProperty("os.arch", "")),
                os.getOrDefault("NAME", ""),
                os.getOrDefault("VERSION_ID", ""),
                firstLine("/proc/sys/kernel/hostname", localName()));
    }

    private static String localName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    /// The kernel's word for the JVM's.
    static String architecture(String jvm) {
        return jvm.equals("amd64") ? "x86_64" : jvm;
    }

    /// The personalities this host runs, its own first.
    List<String> architectures() {
        return switch (architecture) {
            case "x86_64" -> List.of("x86_64", "i686");
            case "aarch64" -> List.of("aarch64", "armv7l");
            default -> List.of(architecture);
        };
    }

    private static String firstLine(String file, String otherwise) {
        try {
            return Files.readString(Path.of(file)).strip();
        } catch (IOException e) {
            return otherwise;
        }
    }

    /// Reads `KEY="value"` lines; see os-release(5).
    static Map<String, String> osRelease(Path file) {
        Map<String, String> out = new TreeMap<>();
        if (!Files.isReadable(file)) {
            return out;
        }
        try {
            for (String line : Files.readAllLines(file)) {
                int equals = line.indexOf('=');
                if (equals > 0) {
                    out.put(
                            line.substring(0, equals),
                            line.substring(equals + 1).replaceAll("^[\"']|[\"']$", ""));
                }
            }
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
