package io.atoll.daemon;

import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Raises the kernel's limits that many containers on one host run into. They count per user of the
/// host, and containers with the same id map are one user.
final class KernelLimits {
    private static final String TOO_LOW = "Kernel limit too low for many instances";
    private static final Logger LOG = System.getLogger(KernelLimits.class.getName());

    /// A limit that is too low below `least`, and what to raise it to.
    private record Limit(String sysctl, long least, String hits) {
        private Path file() {
            return Path.of("/proc/sys", sysctl.replace('.', '/'));
        }
    }

    private static final List<Limit> LIMITS =
            List.of(
                    new Limit(
                            "fs.inotify.max_user_instances",
                            65536,
                            "systemd in about the 20th container fails"),
                    new Limit(
                            "fs.inotify.max_user_watches",
                            524288,
                            "programs that watch files fail"),
                    new Limit(
                            "kernel.keys.maxkeys",
                            4000,
                            "containers past some 200 fail to start services"),
                    new Limit(
                            "kernel.keys.maxbytes",
                            2000000,
                            "containers past some 200 fail to start services"));

    private KernelLimits() {}

    static void raise(Warnings warnings) {
        LIMITS.forEach(limit -> raise(limit, warnings));
    }

    /// In one read: such a file gives its number to the first one only.
    private static long read(Path file) throws IOException {
        byte[] bytes = new byte[64];
        try (InputStream in = Files.newInputStream(file)) {
            int length = Math.max(0, in.read(bytes));
            return Long.parseLong(new String(bytes, 0, length, StandardCharsets.US_ASCII).strip());
        }
    }

    private static void raise(Limit limit, Warnings warnings) {
        try {
            long now = read(limit.file());
            if (now < limit.least) {
                Files.writeString(limit.file(), Long.toString(limit.least));
                LOG.log(
                        Level.INFO,
                        "raised a kernel limit "
                                + limit.sysctl
                                + "="
                                + limit.least
                                + " was="
                                + now);
            }
        } catch (IOException | NumberFormatException e) {
            String advice = limit.hits + "; run: sysctl -w " + limit.sysctl + "=" + limit.least;
            warnings.raise(TOO_LOW, Warning.Severity.LOW, "", advice);
        }
    }
}
