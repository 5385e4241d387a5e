package io.atoll.bench;

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
import java.util.ArrayList;
import java.util.List;

/// What is done with volumes, and the list of many instances: Atoll on `overlay` beside LXD on
/// `dir` and on `btrfs`, in turns.
final class CompareStorage {
    private static final String BTRFS = "btr";
    private static final int LISTS = 50;
    private static final double PERCENTILE = 0.99;

    private final PrintStream progress;
    private final Table table;
    private final List<Place> places;

    /// A pool of a daemon.
    private record Place(String name, Subject subject, String pool) {
        Program.Output run(String... command) {
            return subject.run(command);
        }
    }

    private CompareStorage(List<Place> places, PrintStream progress) {
        this.places = List.copyOf(places);
        this.table = new Table(places.stream().map(Place::name).toList());
        this.progress = progress;
    }

    /// @param crowd how many instances the list has
    static String run(int rounds, int crowd, PrintStream progress) {
        try (Subject atoll = Subject.Atoll.launch();
                Subject lxd = Subject.Lxd.launch()) {
            Program.Output _ = lxd.run("storage", "create", BTRFS, "btrfs", "size=12GiB");
            try {
                CompareStorage compare =
                        new CompareStorage(
                                List.of(
                                        new Place("Atoll", atoll, "default"),
                                        new Place("LXD dir", lxd, "default"),
                                        new Place("LXD btrfs", lxd, BTRFS)),
                                progress);
                compare.volumes(rounds);
                compare.lists(List.of(atoll, lxd), crowd);
                return compare.table.render();
            } finally {
                empty(lxd);
            }
        }
    }

    private static void empty(Subject lxd) {
        for (String instance : lxd.instances()) {
            Program.Output _ = lxd.lxc().run("delete", "--force", instance);
        }
        for (String image : List.of("busybox", "debian")) {
            Program.Output _ = lxd.lxc().run("image", "delete", image);
        }
        Program.Output _ = lxd.lxc().run("storage", "delete", BTRFS);
    }

    private void measure(Place place, String row, String... command) {
        long start = System.nanoTime();
        Program.Output _ = place.run(command);
        table.addMillis(row, place.name(), (System.nanoTime() - start) / 1e6);
    }

    private void volumes(int rounds) {
        for (Place place : places) {
            progress.println(place.name() + ": a Debian");
            Program.Output _ = place.run("init", "debian", base(place), "--storage", place.pool());
        }
        for (int round = 0; round < rounds; round++) {
            progress.println("volumes: round " + (round + 1) + " of " + rounds);
            for (Place place : places) {
                volume(place, round);
            }
        }
        for (Place place : places) {
            Program.Output _ = place.run("delete", "--force", base(place));
        }
    }

    private static String base(Place place) {
        return "base-" + place.pool();
    }

    private void volume(Place place, int round) {
        String base = base(place);
        String copy = "copy-" + place.pool();
        String snapshot = "s" + round;
        measure(place, "snapshot of a Debian", "snapshot", base, snapshot);
        measure(place, "restore of a Debian", "restore", base, snapshot);
        measure(place, "copy of its snapshot", "copy", base + "/" + snapshot, copy);
        measure(place, "delete of the copy", "delete", copy);
        transfer(place, copy);
        Program.Output _ = place.run("delete", base + "/" + snapshot);
    }

    private void transfer(Place place, String copy) {
        try {
            Path folder = Files.createTempDirectory("atoll-bench-");
            Path file = folder.resolve("backup.tar");
            try {
                measure(
                        place,
                        "export of a Debian, not compressed",
                        "export",
                        base(place),
                        file.toString(),
                        "--compression=none",
                        "--instance-only");
                measure(
                        place,
                        "import of it",
                        "import",
                        file.toString(),
                        copy,
                        "--storage",
                        place.pool());
                Program.Output _ = place.run("delete", copy);
            } finally {
                boolean _ = Files.deleteIfExists(file);
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// As a client sees it that keeps its connection: no process is started. LXD's list is the same
    /// for both of its pools.
    private void lists(List<Subject> subjects, int crowd) {
        for (Subject subject : subjects) {
            progress.println(subject.name() + ": " + crowd + " instances");
            for (int i = 0; i < crowd; i++) {
                Program.Output _ = subject.run("init", "busybox", "crowd-" + i);
            }
        }
        List<List<Double>> millis = List.of(new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < LISTS; i++) {
            for (int s = 0; s < subjects.size(); s++) {
                millis.get(s).add(list(subjects.get(s).state().resolve("unix.socket")));
            }
        }
        String row = "list of " + crowd + ", recursion=2, ";
        for (Place place : places) {
            List<Double> own = millis.get(subjects.indexOf(place.subject()));
            own.forEach(value -> table.addMillis(row + "median", place.name(), value));
            List<Double> sorted = own.stream().sorted().toList();
            double p99 = sorted.get((int) Math.ceil(PERCENTILE * sorted.size()) - 1);
            table.addMillis(row + "p99 of " + LISTS, place.name(), p99);
        }
        for (Subject subject : subjects) {
            for (int i = 0; i < crowd; i++) {
                Program.Output _ = subject.run("delete", "crowd-" + i);
            }
        }
    }

    private static double list(Path socket) {
        long start = System.nanoTime();
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            String request = "GET /1.0/instances?recursion=2 HTTP/1.0\r\nHost: a\r\n\r\n";
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            long bytes = 0;
            for (int count = channel.read(buffer); count >= 0; count = channel.read(buffer)) {
                bytes += count;
                buffer.clear();
            }
            if (bytes < 1000) {
                throw new AssertionError("no list: " + bytes + " bytes");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return (System.nanoTime() - start) / 1e6;
    }
}
