package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Loop devices, swap files and id-mapped mounts on the running kernel.
@Tag("privileged")
final class DevicesIT {
    @TempDir Path directory;

    @Test
    void freesALoopDeviceWithItsLastUser() throws Exception {
        Path file = directory.resolve("image");
        try (var image = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            image.setLength(1 << 20);
        }
        try (Loop.Device device = Loop.attach(file, true)) {
            assertEquals(List.of(device.path()), Loop.attachedTo(file));
            assertTrue(device.path().startsWith("/dev/loop"));
        }
        assertEquals(List.of(), Loop.attachedTo(file));
    }

    @Test
    void endsSwapFilesOfATreeOnly() throws Exception {
        Path inner = Files.createDirectories(directory.resolve("root/a/b"));
        Path swap = inner.resolve("swap file");
        Files.write(swap, new byte[1 << 20]);
        Commands.run(Command.of("chmod", "600", swap.toString()));
        Commands.run(Command.of("mkswap", swap.toString()));
        Commands.run(Command.of("swapon", swap.toString()));
        try (Fd other =
                        Opens.open(
                                Files.createDirectory(directory.resolve("other")).toString(),
                                Fcntl.O_RDONLY,
                                0);
                Fd root = Opens.open(directory.resolve("root").toString(), Fcntl.O_RDONLY, 0)) {
            assertEquals(0, Swaps.swapOffBelow(other));
            assertEquals(1, Swaps.swapOffBelow(root));
            assertEquals(0, Swaps.swapOffBelow(root));
            Inodes.deleteContents(root);
        }
        assertFalse(ProcFiles.read("/proc/swaps").contains("swap\\040file"));
    }

    @Test
    void mapsIdsOfAMount() {
        try (FsContext context = FsContext.open("tmpfs");
                Fd memory = context.mount(Set.of());
                Fd namespace = UserNamespaces.create(Idmap.range(1_000_000, 65_536))) {
            Directories.mkdir(memory, "d", 0755);
            if (!KernelFeatures.canIdmap(memory)) {
                return;
            }
            try (Fd mapped = Mounts.cloneTree(memory, true)) {
                Mounts.setIdmap(mapped, namespace, true);
                assertEquals(1_000_000, FileStat.of(mapped, "d").uid());
            }
        }
        assertFalse(KernelFeatures.hasFileSystem("no-such-fs"));
        assertTrue(KernelFeatures.hasFileSystem("tmpfs"));
        KernelFeatures.hasDetachedOverlayLayers();
    }

    @Test
    void opensTerminalsOfItsOwn() throws Exception {
        try (Pty.Pair pty = Pty.open()) {
            assertTrue(Pty.isTerminal(pty.slave()));
            Pty.resize(pty.master(), new Pty.WindowSize(132, 43));
            assertEquals(new Pty.WindowSize(132, 43), Pty.size(pty.slave()));
            var out = FdStreams.output(pty.slave());
            out.write('x');
            var in = FdStreams.input(pty.master());
            assertEquals('x', in.read());
            pty.slave().close();
            assertEquals(-1, in.read(), "a master without slave is at its end");
        }
    }
}
