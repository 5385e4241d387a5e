package io.atoll.bench;

import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// Measures Atoll and Debian's `lxd` in turns, so that what else the machine does hits both, and
/// writes medians and ratios as a Markdown table.
///
/// Options: `--rounds=N`, `--instances=N` (of the crowd), `--thousand` (how fast 1,000 containers
/// start, Atoll only), `--atoll-only`, `--output=FILE`; `--lxc` compares the `lxc-*` commands with
/// those of Debian's package `lxc` instead; `--storage` compares what is done with volumes, and the
/// list of `--instances=N` instances.
public final class Compare implements AutoCloseable {
    private static final int ROUNDS = 11;
    private static final int DEBIAN_ROUNDS_MIN = 3;
    private static final int CROWD = 100;
    private static final int PARALLEL = 20;
    private static final int PARALLEL_ROUNDS = 3;

    /// Unmeasured lives of an instance: a daemon runs for weeks, and a JVM compiles in its first
    /// minute what it does often.
    private static final int WARM_UP = 8;

    private static final Duration BOOTED = Duration.ofMinutes(2);
    private static final String WARM_UP_IMAGE = "busybox";
    private static final String DEBIAN = "debian";
    private static final int THOUSAND = 1000;
    private static final int START_BATCH = 50;
    private static final int BRIDGES = 4;
    private static final int FIRST_SUBNET = 100;
    private static final int SUBNET_STEP = 4;
    private static final Duration READY = Duration.ofMinutes(1);

    private static final String LXD_HEADING =
            """
            # Atoll beside LXD 5.0.2

            Made by `./mk bench` on %s: kernel %s, %d processors, %d MiB of memory. Medians, both driven in turns by Debian's
            `lxc` client, started by a shell; LXD on a `dir` pool, Atoll on `overlay`, images as `atoll image build` makes them. Ratio: LXD's
            figure by Atoll's. `query of the server` is one cheap request: what it takes is nearly all the client's own time,
            and no command takes less. Both daemons went through %d such lives before, unmeasured. `exec` is measured twice in
            Debian: at once after its launch, while systemd starts services on the same processors, and when it is up.
            `stop --force` is measured twice in both: at rest, when it is up and has its address, and while it starts. Whatever
            the daemon, the kernel lets a process end only when its packet sockets, which DHCP needs, and its inotify
            descriptors are closed, for which it is asked to hurry ([what a stop waits for](the-clients-share.md#what-a-stop-waits-for)).

            """;

    private static final String NETWORKS_HEADING =
            """
            # Networks of Atoll beside those of LXD 5.0.2

            Made by `./mk bench --networks` on %s: kernel %s, %d processors, %d MiB of memory. Medians, driven by Debian's `lxc`
            client. Ratio: LXD's figure by Atoll's; of rates, Atoll's by LXD's.

            """;

    private static final String LXC_HEADING =
            """
            # Atoll's lxc-* commands beside those of LXC 5.0.2

            Made by `./mk bench --lxc` on %s: kernel %s, %d processors, %d MiB of memory, load before and after %s. Medians of whole
            commands as a shell starts them, in turns, each on a machine of its own: *warm* by a process that has done such
            commands ([docs/warm.md](../warm.md)), *cold* by a JVM each. Ratios: cold and LXC by warm.

            """;

    private static final String STORAGE_HEADING =
            """
            # Atoll's volumes and lists beside those of LXD 5.0.2

            Made by `./mk bench --storage` on %s: kernel %s, %d processors, %d MiB of memory. Medians of whole commands of
            Debian's `lxc` client, in turns; Atoll on an `overlay` pool. The lists are requests on the socket, without a client.
            Ratios: LXD's figures by Atoll's.

            """;

    private final List<Subject> subjects;

    /// By subject.
    private final Map<String, Shell> shells = new LinkedHashMap<>();

    private final Table table;
    private final PrintStream progress;

    private Compare(List<Subject> subjects, PrintStream progress) {
        this.subjects = List.copyOf(subjects);
        this.table = new Table(subjects.stream().map(Subject::name).toList());
        this.progress = progress;
    }

    /// Tells of its progress on stderr.
    private static Compare of(List<Subject> subjects) {
        return new Compare(subjects, System.err);
    }

    public static void main(String[] args) throws Exception {
        List<String> all = new ArrayList<>(List.of(args));
        List<String> options = new ArrayList<>(all);
        int rounds = option(options, "--rounds=").map(Integer::parseInt).orElse(ROUNDS);
        int crowd = option(options, "--instances=").map(Integer::parseInt).orElse(CROWD);
        Optional<Path> output = option(options, "--output=").map(Path::of);
        boolean thousand = options.remove("--thousand");
        boolean alone = options.remove("--atoll-only");
        boolean isLxc = options.remove("--lxc");
        boolean isStorage = options.remove("--storage");
        boolean isNetworks = options.remove("--networks");
        if (!options.isEmpty()) {
            throw new IllegalArgumentException("unknown options " + options);
        }
        if (isLxc) {
            String before = load();
            String rows = CompareLxc.run(rounds, System.err);
            write(heading(LXC_HEADING, before + " and " + load()) + rows, output);
            return;
        }
        if (isStorage) {
            int listed = option(all, "--instances=").map(Integer::parseInt).orElse(THOUSAND);
            String figures = CompareStorage.run(rounds, listed, System.err);
            write(heading(STORAGE_HEADING) + figures, output);
            return;
        }
        List<Subject> subjects = new ArrayList<>();
        try {
            subjects.add(Subject.Atoll.launch());
            if (!alone) {
                subjects.add(Subject.Lxd.launch());
            }
            try (Compare compare = of(subjects)) {
                if (isNetworks) {
                    CompareNetworks.run(subjects, compare.table, rounds, System.err);
                    write(heading(NETWORKS_HEADING) + compare.table.render(), output);
                    return;
                }
                compare.single("busybox", rounds);
                compare.single(DEBIAN, Math.max(DEBIAN_ROUNDS_MIN, rounds / 2));
                compare.parallel();
                compare.crowd(crowd, rounds);
                compare.restart(Math.max(1, rounds / 2));
                if (thousand) {
                    compare.thousand(1);
                    compare.thousand(BRIDGES);
                }
                write(heading(LXD_HEADING, WARM_UP) + compare.table.render(), output);
            }
        } finally {
            subjects.reversed().forEach(Subject::close);
        }
    }

    @Override
    public void close() {
        shells.values().forEach(Shell::close);
    }

    private static void write(String text, Optional<Path> output) throws IOException {
        System.out.print(text);
        if (output.isPresent()) {
            Files.writeString(output.get(), text);
        }
    }

    private static Optional<String> option(List<String> options, String prefix) {
        Optional<String> found =
                options.stream().filter(option -> option.startsWith(prefix)).findFirst();
        found.ifPresent(options::remove);
        return found.map(option -> option.substring(prefix.length()));
    }

    /// Runnable tasks, the mean of the last minute.
    private static String load() throws IOException {
        return Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
    }

    private static String heading(String text, Object... more) throws IOException {
        String memory =
                Files.readAllLines(Path.of("/proc/meminfo")).getFirst().replaceAll("\\D", "");
        List<Object> values =
                new ArrayList<>(
                        List.of(
                                LocalDate.now(ZoneOffset.UTC),
                                System.getProperty("os.version"),
                                Runtime.getRuntime().availableProcessors(),
                                Long.parseLong(memory) / 1024));
        values.addAll(List.of(more));
        return text.formatted(values.toArray());
    }

    /// The life of one container, step by step. The first launch after the import of an image has a
    /// row of its own: Atoll makes the image ready for its pool then, once; LXD unpacks it on a
    /// `dir` pool for every launch.
    private void single(String image, int rounds) {
        for (Subject subject : subjects) {
            String name = image + "-first";
            measure(subject, "first launch " + image, "launch", image, name);
            subject.run("delete", "--force", name);
        }
        if (image.equals(WARM_UP_IMAGE)) {
            warmUp();
        }
        for (int round = 0; round < rounds; round++) {
            progress.println(image + ": round " + (round + 1) + " of " + rounds);
            for (Subject subject : subjects) {
                String name = image + round;
                measure(subject, "launch " + image, "launch", image, name);
                execTrue(subject, image, name);
                boolean isUp = image.equals(DEBIAN);
                measureStop(subject, image, name, isUp);
                measure(subject, "start " + image, "start", name);
                measure(subject, "list with 1", "list");
                measure(subject, "query of the server", "query", "/1.0");
                measureStop(subject, image, name, !isUp);
                measure(subject, "delete " + image, "delete", name);
            }
        }
    }

    private void warmUp() {
        for (int life = 0; life < WARM_UP; life++) {
            progress.println("warming up: " + (life + 1) + " of " + WARM_UP);
            for (Subject subject : subjects) {
                String name = "warm" + life;
                subject.run("launch", WARM_UP_IMAGE, name);
                subject.run("exec", name, "--", "true");
                subject.run("stop", "--force", name);
                subject.run("start", name);
                subject.run("list");
                subject.run("delete", "--force", name);
            }
        }
    }

    /// @param isAtRest waits until it has an address before
    private void measureStop(Subject subject, String image, String name, boolean isAtRest) {
        if (isAtRest) {
            Await.until(
                    "an address of " + name,
                    BOOTED,
                    () ->
                            subject.lxc()
                                    .run("list", name, "-f", "csv", "-c4")
                                    .out()
                                    .contains("eth0"));
        }
        String when = isAtRest ? ", at rest" : ", starting";
        measure(subject, "stop --force " + image + when, "stop", "--force", name);
    }

    private void execTrue(Subject subject, String image, String name) {
        if (!image.equals(DEBIAN)) {
            measure(subject, "exec true in " + image, "exec", name, "--", "true");
            return;
        }
        measure(subject, "exec true in debian, booting", "exec", name, "--", "true");
        Await.until(
                "debian to be up",
                BOOTED,
                () -> {
                    String state =
                            subject.lxc()
                                    .run("exec", name, "--", "systemctl", "is-system-running")
                                    .out()
                                    .strip();
                    return state.equals("running") || state.equals("degraded");
                });
        measure(subject, "exec true in debian", "exec", name, "--", "true");
    }

    private void measure(Subject subject, String row, String... command) {
        String[] words = words(List.of("lxc"), List.of(command));
        table.addMillis(row, subject.name(), shell(subject).millis(words));
    }

    private Shell shell(Subject subject) {
        return shells.computeIfAbsent(
                subject.name(),
                _ -> new Shell(new Program(List.of(), subject.lxc().environment())));
    }

    private static double millis(Runnable action) {
        long start = System.nanoTime();
        action.run();
        return (System.nanoTime() - start) / 1e6;
    }

    private void parallel() {
        for (int round = 0; round < PARALLEL_ROUNDS; round++) {
            for (Subject subject : subjects) {
                launchAtOnce(subject);
            }
        }
    }

    private void launchAtOnce(Subject subject) {
        progress.println(subject.name() + ": " + PARALLEL + " launches at once");
        List<String> names = names("p", PARALLEL);
        // The status is that of a launch that failed, if one did.
        String launches =
                names.stream()
                        .map(name -> "lxc launch busybox " + name + " & p=\"$p $!\";")
                        .collect(Collectors.joining(" "));
        table.addMillis(
                PARALLEL + " launches of busybox at once",
                subject.name(),
                shell(subject)
                        .millisOf(
                                "{ p=; "
                                        + launches
                                        + " s=0; for i in $p; do wait $i || s=1; done; [ $s = 0 ]; }"));
        subject.run(words(List.of("delete", "--force"), names));
    }

    /// What many instances cost: the time of a list, and memory.
    private void crowd(int size, int rounds) {
        List<String> names = names("c", size);
        for (Subject subject : subjects) {
            progress.println(subject.name() + ": launching " + size);
            for (String name : names) {
                subject.run("launch", "busybox", name);
            }
        }
        for (int round = 0; round < rounds; round++) {
            for (Subject subject : subjects) {
                measure(subject, "list with " + size + " running", "list");
            }
        }
        for (Subject subject : subjects) {
            table.addBytes(
                    "RSS of the daemon with " + size,
                    subject.name(),
                    Subject.memory(subject.pid(), "Rss"));
            long[] monitors =
                    ProcessHandle.allProcesses()
                            .filter(process -> subject.isMonitor(commandLine(process)))
                            .mapToLong(process -> Subject.memory(process.pid(), "Pss"))
                            .toArray();
            table.addBytes(
                    "PSS of a monitor (mean)",
                    subject.name(),
                    LongStream.of(monitors).sum() / Math.max(1, size));
            subject.run(words(List.of("delete", "--force"), names));
        }
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(
                            Path.of("/proc", Long.toString(process.pid()), "cmdline"),
                            StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException _) {
            return "";
        }
    }

    private void restart(int rounds) {
        for (int round = 0; round < rounds; round++) {
            for (Subject subject : subjects) {
                subject.stop();
                table.addMillis(
                        "daemon from exec to its first answer",
                        subject.name(),
                        millis(() -> {
                            subject.startWithoutWaiting();
                            Await.until(
                                    "an answer",
                                    READY,
                                    () -> answers(subject.state().resolve("unix.socket")));
                        }));
            }
        }
    }

    private static boolean answers(Path socket) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(
                    ByteBuffer.wrap(
                            "GET /1.0 HTTP/1.0\r\nHost: a\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer reply = ByteBuffer.allocate(12);
            while (reply.hasRemaining()) {
                if (channel.read(reply) < 0) {
                    return false;
                }
            }
            return new String(reply.array(), StandardCharsets.US_ASCII).endsWith("200");
        } catch (IOException _) {
            return false;
        }
    }

    /// How fast a machine fills: many containers are made, then started in batches of one client
    /// call each. On one bridge each start is heard by all that run; several bridges are what a
    /// host with so many would have.
    private void thousand(int bridges) {
        Subject subject = subjects.getFirst();
        List<String> more =
                IntStream.range(1, bridges).mapToObj(i -> subject.bridge() + "x" + i).toList();
        for (int i = 0; i < more.size(); i++) {
            subject.run(
                    "network",
                    "create",
                    more.get(i),
                    "ipv6.address=none",
                    "ipv4.address=10.231." + (FIRST_SUBNET + i * SUBNET_STEP) + ".1/22");
        }
        List<String> networks = new ArrayList<>(List.of(subject.bridge()));
        networks.addAll(more);
        List<String> names = names("k", THOUSAND);
        for (int i = 0; i < THOUSAND; i++) {
            subject.run("init", "busybox", names.get(i), "--network", networks.get(i % bridges));
        }
        double millis =
                millis(() -> {
                    for (int i = 0; i < THOUSAND; i += START_BATCH) {
                        subject.run(words(List.of("start"), names.subList(i, i + START_BATCH)));
                    }
                });
        String where = bridges == 1 ? " on one bridge" : " on " + bridges + " bridges";
        progress.printf(
                "started %d containers%s, %.1f a second%n",
                THOUSAND, where, THOUSAND / (millis / 1000));
        table.addRate(
                "containers started a second, " + THOUSAND + " in all" + where,
                subject.name(),
                THOUSAND / (millis / 1000));
        table.addBytes(
                "RSS of the daemon with " + THOUSAND + where,
                subject.name(),
                Subject.memory(subject.pid(), "Rss"));
        long running =
                subject.run("list", "--format=csv", "--columns=s")
                        .out()
                        .lines()
                        .filter("RUNNING"::equals)
                        .count();
        if (running != THOUSAND) {
            throw new UncheckedIOException(
                    new IOException(running + " of " + THOUSAND + " containers run"));
        }
        for (int i = 0; i < THOUSAND; i += START_BATCH) {
            subject.run(words(List.of("delete", "--force"), names.subList(i, i + START_BATCH)));
        }
        more.forEach(network -> subject.run("network", "delete", network));
    }

    private static List<String> names(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }

    private static String[] words(List<String> command, List<String> names) {
        String[] words =
                Arrays.copyOf(command.toArray(String[]::new), command.size() + names.size());
        for (int i = 0; i < names.size(); i++) {
            words[command.size() + i] = names.get(i);
        }
        return words;
    }
}
