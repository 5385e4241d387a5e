package io.atoll.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Names, addresses and ports of the host that a test class has for itself, so that two runs at
/// once do not meet: each takes another number, and gives it back when its process ends, however
/// that happens. What a killed run left under the number is removed before it is used again.
public final class Room {
    private static final Path FOLDER = Path.of("/tmp/atoll-rooms");
    private static final int ROOMS = 8;
    private static final int OCTETS = 20;
    private static final int PORTS = 100;

    private final String name;
    private final int number;
    private final int octet;

    /// Never read: the lock lasts as long as the process.
    private final FileLock lock;

    private Room(String name, int number, int octet, FileLock lock) {
        this.name = name;
        this.number = number;
        this.octet = octet;
        this.lock = lock;
    }

    /// Takes a room.
    ///
    /// @param marker of the test class, at most 8 characters
    /// @param octet 64 to 83, another one for each class: the second of its addresses in the first
    ///   room
    public static Room take(String marker, int octet) {
        try {
            Files.createDirectories(FOLDER);
            for (int number = 0; number < ROOMS; number++) {
                Optional<FileLock> lock = lock(FOLDER.resolve(marker + number));
                if (lock.isPresent()) {
                    Room room = new Room(marker + number, number, octet, lock.get());
                    room.clear();
                    return room;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new AssertionError(ROOMS + " runs of " + marker + " at once");
    }

    private static Optional<FileLock> lock(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(lock);
            }
        } catch (OverlappingFileLockException _) {
            // Another class of this process has it.
        }
        channel.close();
        return Optional.empty();
    }

    /// Begins every name that the test gives.
    public String name() {
        return name;
    }

    /// An address in the room's own `10.X.0.0/16`.
    ///
    /// @param tail such as `7.1/24`
    public String ipv4(String tail) {
        return "10." + (octet + OCTETS * number) + "." + tail;
    }

    /// A port for a number that would do in the first room; a hundred of them are its own.
    public int port(int first) {
        return first + PORTS * number;
    }

    /// True while the room is the test's.
    public boolean isHeld() {
        return lock.isValid();
    }

    /// Removes what an earlier run left: processes that name it, links, namespaces.
    private void clear() throws IOException {
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            all.filter(p -> p.pid() != ProcessHandle.current().pid())
                    .filter(p -> commandLine(p.pid()).contains("/atoll-" + name + "-"))
                    .forEach(ProcessHandle::destroyForcibly);
        }
        for (String link : names(Path.of("/sys/class/net"))) {
            Program.of("ip").run("link", "delete", link);
        }
        for (String namespace : names(Path.of("/run/netns"))) {
            Program.of("ip").run("netns", "delete", namespace);
        }
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
        } catch (IOException _) {
            return "";
        }
    }

    private List<String> names(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(e -> e.getFileName().toString())
                    .filter(e -> e.startsWith(name))
                    .toList();
        }
    }
}
