package io.atoll.daemon.user;

import io.atoll.daemon.http.TestClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;

/// A user of the host who is nobody else: talks to a socket through a [Relay] with that user's id,
/// and runs programs.
final class AsUser implements AutoCloseable {
    /// The group that may use the socket; every distribution has it.
    static final String GROUP = "users";

    private final Path folder;
    private final Process relay;
    private final long uid;

    AsUser(long uid, Path socket) throws IOException {
        this.uid = uid;
        folder = Files.createTempDirectory("atoll-asuser-");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path type = folder.resolve("io/atoll/daemon/user/Relay.class");
        Files.createDirectories(Objects.requireNonNull(type.getParent()));
        try (InputStream in =
                Objects.requireNonNull(Relay.class.getResourceAsStream("Relay.class"))) {
            long unused = Files.copy(in, type);
        }
        relay =
                start(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        folder.toString(),
                        "io.atoll.daemon.user.Relay",
                        folder.resolve("relay").toString(),
                        socket.toString());
        BufferedReader out = relay.inputReader();
        String line = out.readLine();
        if (!"listening".equals(line)) {
            throw new IOException(
                    "no relay: " + line + "\n" + String.join("\n", out.lines().toList()));
        }
    }

    private Process start(String... argv) throws IOException {
        List<String> all = new java.util.ArrayList<>(List.of("setpriv"));
        all.addAll(List.of("--reuid=" + uid, "--regid=" + uid, "--groups=" + GROUP));
        all.addAll(List.of(argv));
        return new ProcessBuilder(all).redirectErrorStream(true).start();
    }

    /// What a program of that user prints and its exit status.
    String run(String... argv) throws IOException, InterruptedException {
        Process process = start(argv);
        process.getOutputStream().close();
        String text = String.join("\n", process.inputReader().lines().toList());
        return process.waitFor() + " " + text;
    }

    TestClient client() throws IOException {
        return new TestClient(folder.resolve("relay"));
    }

    @Override
    public void close() throws IOException {
        relay.destroyForcibly();
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
