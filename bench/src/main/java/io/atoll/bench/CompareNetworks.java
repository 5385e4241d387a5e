package io.atoll.bench;

import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// What networks cost: interfaces at a bridge, bytes through proxies, and addresses for many
/// instances that ask at once.
final class CompareNetworks {
    private static final int INTERFACES = 200;
    private static final int PER_INSTANCE = 20;
    private static final int CROWD = 100;
    private static final long PROXY_BYTES = 2L << 30;
    private static final int LISTEN = 18990;
    private static final int SERVER = 18991;
    private static final String PREPARE = "mkdir -p %1$s && truncate -s %2$d %1$s/zeros";
    private static final String BRIDGE = "benchbr0";
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final List<Subject> subjects;
    private final Table table;
    private final PrintStream progress;

    private CompareNetworks(List<Subject> subjects, Table table, PrintStream progress) {
        this.subjects = subjects;
        this.table = table;
        this.progress = progress;
    }

    /// Adds its rows.
    static void run(List<Subject> subjects, Table table, int rounds, PrintStream progress)
            throws IOException, InterruptedException {
        CompareNetworks compare = new CompareNetworks(subjects, table, progress);
        compare.proxies(rounds);
        for (Subject subject : subjects) {
            compare.interfaces(subject);
            compare.storm(subject);
        }
    }

    private static double millis(Runnable action) {
        long start = System.nanoTime();
        action.run();
        return (System.nanoTime() - start) / 1e6;
    }

    /// Hot-plugged one by one, as a client would, at a bridge that neither manages: LXD lets an
    /// instance have one interface only at each of its own.
    private void interfaces(Subject subject) {
        Program ip = Program.of("ip");
        ip.run("link", "add", BRIDGE, "type", "bridge").ok();
        try {
            ip.run("link", "set", BRIDGE, "up").ok();
            interfacesAt(subject);
        } finally {
            ip.run("link", "delete", BRIDGE);
        }
    }

    private void interfacesAt(Subject subject) {
        progress.println(subject.name() + ": " + INTERFACES + " interfaces");
        List<String> names =
                IntStream.range(0, INTERFACES / PER_INSTANCE).mapToObj(i -> "n" + i).toList();
        names.forEach(name -> subject.run("launch", "busybox", name));
        for (int i = 0; i < INTERFACES; i++) {
            String instance = names.get(i / PER_INSTANCE);
            String device = "add" + i % PER_INSTANCE;
            table.addMillis(
                    "add an interface at the bridge, " + INTERFACES + " in all",
                    subject.name(),
                    millis(() ->
                            subject.run(
                                    "config",
                                    "device",
                                    "add",
                                    instance,
                                    device,
                                    "nic",
                                    "nictype=bridged",
                                    "parent=" + BRIDGE)));
        }
        for (int i = 0; i < 5; i++) {
            table.addMillis(
                    "list with addresses, " + INTERFACES + " interfaces",
                    subject.name(),
                    millis(() -> subject.run("list", "--columns=n46")));
        }
        progress.println(subject.name() + ": measured");
        names.forEach(name -> subject.run("delete", "--force", name));
    }

    /// From the first start until the last instance has its address.
    private void storm(Subject subject) {
        progress.println(subject.name() + ": " + CROWD + " ask for addresses");
        List<String> names = IntStream.range(0, CROWD).mapToObj(i -> "d" + i).toList();
        names.forEach(name -> subject.run("init", "busybox", name));
        progress.println(subject.name() + ": they start");
        List<String> start = new ArrayList<>(List.of("start"));
        start.addAll(names);
        table.addMillis(
                CROWD + " instances started, until all have addresses",
                subject.name(),
                millis(() -> {
                    subject.run(start.toArray(String[]::new));
                    Await.until("addresses", PATIENCE, () -> addresses(subject) >= CROWD);
                }));
        progress.println(subject.name() + ": measured");
        List<String> delete = new ArrayList<>(List.of("delete", "--force"));
        delete.addAll(names);
        subject.run(delete.toArray(String[]::new));
    }

    private static long addresses(Subject subject) {
        return subject.run("list", "--format=csv", "--columns=4")
                .out()
                .lines()
                .filter(line -> line.contains("."))
                .count();
    }

    /// One connection that carries much, from a web server inside to the host. Beside them socat
    /// doing the same between two ports of the host, with the same server.
    private void proxies(int rounds) throws IOException, InterruptedException {
        for (Subject subject : subjects) {
            progress.println(subject.name() + ": a proxy");
            subject.run("launch", "busybox", "px");
            // Zeros that take no memory: a file with nothing but a hole, below a tmpfs.
            subject.run("exec", "px", "--", "sh", "-c", PREPARE.formatted("/dev/www", PROXY_BYTES));
            subject.run(
                    "exec",
                    "px",
                    "--",
                    "sh",
                    "-c",
                    "httpd -p 127.0.0.1:" + SERVER + " -h /dev/www >/dev/null 2>&1 </dev/null");
            subject.run(
                    "config",
                    "device",
                    "add",
                    "px",
                    "px",
                    "proxy",
                    "listen=tcp:127.0.0.1:" + LISTEN,
                    "connect=tcp:127.0.0.1:" + SERVER);
            for (int i = 0; i < rounds; i++) {
                table.addRate(
                        "one connection through a proxy, MB", subject.name(), megabytesPerSecond());
            }
            subject.run("delete", "--force", "px");
        }
        progress.println("socat");
        Path folder = Files.createTempDirectory(Path.of("/dev/shm"), "atoll-bench-");
        Program.of("sh").run("-c", PREPARE.formatted(folder, PROXY_BYTES)).ok();
        Process server =
                Program.of("busybox")
                        .start("httpd", "-f", "-p", "127.0.0.1:" + SERVER, "-h", folder.toString());
        Process socat =
                Program.of("socat")
                        .start(
                                "TCP-LISTEN:" + LISTEN + ",bind=127.0.0.1,fork,reuseaddr",
                                "TCP:127.0.0.1:" + SERVER);
        try {
            Await.until("socat", Duration.ofSeconds(10), () -> isOpen(LISTEN) && isOpen(SERVER));
            for (int i = 0; i < rounds; i++) {
                double rate = megabytesPerSecond();
                subjects.forEach(s -> table.addRate("the same through socat, MB", s.name(), rate));
            }
        } finally {
            for (Process process : List.of(socat, server)) {
                process.destroy();
                int unused = process.waitFor();
            }
            Files.delete(folder.resolve("zeros"));
            Files.delete(folder);
        }
    }

    private static boolean isOpen(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException _) {
            return false;
        }
    }

    private static double megabytesPerSecond() throws IOException {
        byte[] buffer = new byte[1 << 16];
        long start = System.nanoTime();
        long received = 0;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), LISTEN)) {
            socket.getOutputStream()
                    .write("GET /zeros HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                received += n;
            }
        }
        if (received < PROXY_BYTES) {
            throw new IOException("only " + received + " bytes came through port " + LISTEN);
        }
        return received / 1e6 / ((System.nanoTime() - start) / 1e9);
    }
}
