package io.atoll.daemon.instance.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.linux.Directories;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Somebody lets a directory and a symbolic link out of the root change places as fast as it goes,
/// while files are pulled, pushed and removed below it, and made as from a template: what the
/// endpoints do, without HTTP. `-Datoll.race.tries=1000000` is the long run.
@Tag("privileged")
final class FilesRacerIT {
    private static final int TRIES = Integer.getInteger("atoll.race.tries", 20_000);
    private static final byte[] SECRET = "canary-51c0d2".getBytes(StandardCharsets.UTF_8);
    private static final byte[] INSIDE = "inside".getBytes(StandardCharsets.UTF_8);
    private static final FileHeaders WANTED =
            new FileHeaders(
                    FileHeaders.Type.FILE,
                    false,
                    OptionalLong.of(0),
                    OptionalLong.of(0),
                    OptionalInt.of(0644));

    /// In memory, or the disk would decide how often it can be tried.
    private Path folder;

    private final AtomicBoolean isOver = new AtomicBoolean();
    private Path outside;
    private Fd root;
    private Thread swapper;

    @BeforeEach
    void start() throws IOException {
        folder = Files.createTempDirectory(Path.of("/dev/shm"), "atoll-racer-");
        outside = Files.createDirectory(folder.resolve("outside"));
        Files.write(outside.resolve("file"), SECRET);
        Path top = Files.createDirectory(folder.resolve("root"));
        // The same paths inside, so that links which are followed there lead somewhere.
        Path twin = Files.createDirectories(top.resolve(outside.toString().substring(1)));
        Files.write(twin.resolve("file"), INSIDE);
        Files.write(Files.createDirectory(top.resolve("outside")).resolve("file"), INSIDE);
        Files.write(Files.createDirectory(top.resolve("a")).resolve("file"), INSIDE);
        Files.createSymbolicLink(top.resolve("b"), outside);
        Files.createSymbolicLink(top.resolve("c"), Path.of("../outside"));
        root = Opens.open(top.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
        swapper = Thread.ofPlatform().name("swapper").start(this::swap);
    }

    private void swap() {
        while (!isOver.get()) {
            Directories.exchange(root, "a", root, "b");
            Directories.exchange(root, "a", root, "c");
        }
    }

    @AfterEach
    void stop() throws Exception {
        isOver.set(true);
        swapper.join();
        root.close();
        assertEquals(
                new String(SECRET, StandardCharsets.UTF_8),
                Files.readString(outside.resolve("file")));
        try (Stream<Path> files = Files.list(outside)) {
            assertEquals(List.of(outside.resolve("file")), files.toList());
        } finally {
            try (Fd memory = Opens.open("/dev/shm", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
                Inodes.deleteTree(memory, folder.getFileName().toString());
            }
        }
    }

    @FunctionalInterface
    private interface Work {
        void run(int attempt) throws IOException;
    }

    /// @return how often it worked: a race that is always lost proves nothing
    private int race(Work work) throws Exception {
        int[] done = {0};
        try (RootAccess access = access()) {
            boolean unused =
                    access.call(() -> {
                        for (int i = 0; i < TRIES; i++) {
                            try {
                                work.run(i);
                                done[0]++;
                            } catch (ErrnoException _) {
                                // Something was in the way.
                            }
                        }
                        return true;
                    });
        }
        return done[0];
    }

    private RootAccess access() {
        return RootAccess.of(Opens.open(root.procPath(), Fcntl.O_PATH, 0), Idmap.NONE);
    }

    @Test
    void whatIsPulledIsFromInside() throws Exception {
        byte[] bytes = new byte[64];
        try (RootAccess access = access()) {
            int done =
                    race(_ -> {
                        if (FileRoutes.read(access, "/a/file") instanceof FileRoutes.Kept kept) {
                            try (Fd file = kept.file()) {
                                int count = FdIo.read(file, bytes, 0, bytes.length);
                                assertEquals(INSIDE.length, count);
                                assertEquals(INSIDE[0], bytes[0]);
                            }
                        }
                    });
            assertTrue(done > TRIES / 10, "only " + done + " of " + TRIES);
        }
    }

    @Test
    void whatIsPushedStaysInside() throws Exception {
        try (RootAccess access = access()) {
            int done =
                    race(i -> {
                        String path = i % 2 == 0 ? "/a/file" : "/a/new" + i % 7;
                        FileRoutes.writeFile(
                                access, path, WANTED, new ByteArrayInputStream(INSIDE));
                    });
            assertTrue(done > TRIES / 10, "only " + done + " of " + TRIES);
        }
    }

    @Test
    void whatIsRemovedWasInside() throws Exception {
        GuestFiles files = new GuestFiles(root);
        try (RootAccess access = access()) {
            int done =
                    race(_ -> {
                        files.write("/a/gone", INSIDE, 0644);
                        FileRoutes.remove(access, "/a/gone");
                    });
            assertTrue(done > TRIES / 100, "only " + done + " of " + TRIES);
        }
    }

    @Test
    void whatTemplatesMakeIsInside() throws Exception {
        GuestFiles files = GuestFiles.ofOneMount(root);
        int done =
                race(i -> {
                    files.mkdirs("/a/etc/" + i % 5, 0755, -1, -1);
                    files.write("/a/etc/" + i % 5 + "/hosts", INSIDE, 0644);
                });
        assertTrue(done > TRIES / 100, "only " + done + " of " + TRIES);
    }
}
