package io.atoll.daemon.device.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InternalException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.CommandFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Modules of a `swtpm` and a kernel that exist as files only.
class TpmEmulatorTest {
    @TempDir private Path root;

    private final List<String> asked = new ArrayList<>();
    private String answer = "New TPM device: /dev/tpm3 (major/minor = 253/7)\n";

    private TpmEmulator emulator() {
        return new TpmEmulator(
                root.resolve("kept"),
                root,
                arguments -> {
                    asked.addAll(arguments);
                    if (answer.isEmpty()) {
                        throw new CommandFailed(arguments, 1, "no", "");
                    }
                    return answer;
                },
                Duration.ofMillis(50));
    }

    @BeforeEach
    void kernel() throws IOException {
        Files.createDirectories(root.resolve("dev"));
        Files.createFile(root.resolve("dev/vtpmx"));
        Files.createDirectories(root.resolve("sys/class/tpmrm/tpmrm3"));
        Files.writeString(root.resolve("sys/class/tpmrm/tpmrm3/dev"), "251:4\n");
    }

    @Test
    void startsWithAFolderOfItsOwnAndReadsWhatWasMade() {
        TpmEmulator.Module module = emulator().start("c1.tpm");
        assertEquals(new TpmEmulator.Numbers(253, 7), module.raw());
        assertEquals(new TpmEmulator.Numbers(251, 4), emulator().managed(module));
        assertTrue(asked.contains("--vtpm-proxy"), asked.toString());
        assertTrue(asked.contains("dir=" + root.resolve("kept/c1.tpm") + ",mode=0600"));
        assertTrue(Files.isDirectory(root.resolve("kept/c1.tpm")));
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        TpmEmulator.Module module = new TpmEmulator.Module(9, new TpmEmulator.Numbers(1, 2));
        assertThrows(UnavailableException.class, () -> emulator().managed(module));
        answer = "hello";
        assertThrows(InternalException.class, () -> emulator().start("c1.tpm"));
        answer = "";
        assertThrows(UnavailableException.class, () -> emulator().start("c1.tpm"));
        Files.delete(root.resolve("dev/vtpmx"));
        UnavailableException failure =
                assertThrows(UnavailableException.class, () -> emulator().start("c1.tpm"));
        assertTrue(failure.getMessage().contains("tpm_vtpm_proxy"), failure.getMessage());
    }

    /// A number in the file may be another's: this test's own here.
    @Test
    void endsNobodyElse() throws IOException {
        TpmEmulator emulator = emulator();
        emulator.start("c1.tpm");
        Path pid = root.resolve("kept/c1.tpm/pid");
        long self = ProcessHandle.current().pid();
        Files.writeString(pid, self + "\n");
        Path process = Files.createDirectories(root.resolve("proc/" + self));
        Files.writeString(process.resolve("cmdline"), "java\0-jar\0");
        emulator.stop("c1.tpm");
        assertFalse(Files.exists(pid));
        Files.writeString(root.resolve("kept/c1.tpm/tpm2-00.permall"), "state");
        emulator.stop("c1.tpm");
        assertTrue(Files.exists(root.resolve("kept/c1.tpm/tpm2-00.permall")), "it is kept");
        emulator.forget("c1.tpm");
        assertFalse(Files.exists(root.resolve("kept/c1.tpm")));
        emulator.forget("c1.tpm");
    }
}
