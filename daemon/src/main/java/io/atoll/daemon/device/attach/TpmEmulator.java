package io.atoll.daemon.device.attach;

import io.atoll.base.InternalException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import io.atoll.linux.PidFd;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Signals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Starts `swtpm` with the kernel's proxy, which makes a device node of what the program does;
/// swtpm(8). It is detached from us and goes on while the daemon is restarted.
///
/// @param root of what the modules keep, a folder each
/// @param system `/`, another in tests
/// @param tool runs `swtpm` with these arguments and returns what it prints
/// @param patience how long the kernel may take to make nodes of a module that runs
public record TpmEmulator(Path root, Path system, Tool tool, Duration patience) {
    private static final String PROGRAM = "swtpm";
    private static final Duration END = Duration.ofSeconds(3);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration LOOK = Duration.ofMillis(20);
    private static final Pattern MADE =
            Pattern.compile("/dev/tpm(\\d+) \\(major/minor = (\\d+)/(\\d+)\\)");

    /// Runs the program.
    @FunctionalInterface
    public interface Tool {
        /// @throws CommandFailed if it fails
        String run(List<String> arguments);
    }

    /// What makes a node.
    record Numbers(int major, int minor) {}

    /// One that runs.
    ///
    /// @param number as in `/dev/tpmN`
    record Module(int number, Numbers raw) {}

    static TpmEmulator under(Path root) {
        return new TpmEmulator(root, Path.of("/"), TpmEmulator::run, PATIENCE);
    }

    private static String run(List<String> arguments) {
        if (Commands.find(PROGRAM).isEmpty()) {
            throw new UnavailableException(
                    "Devices of type tpm need the program " + PROGRAM + " (package swtpm)");
        }
        List<String> argv = new ArrayList<>(List.of(PROGRAM));
        argv.addAll(arguments);
        return Commands.run(Command.of(argv)).text();
    }

    private Path folder(String key) {
        return root.resolve(key);
    }

    /// Whether there is something that a module of that key keeps.
    boolean keeps(String key) {
        return Files.exists(folder(key));
    }

    private Path pidFile(String key) {
        return folder(key).resolve("pid");
    }

    /// Starts the module of that key, in place of one that runs.
    ///
    /// @throws UnavailableException if the program or the kernel's part is not there
    Module start(String key) {
        stop(key);
        if (!Files.exists(system.resolve("dev/vtpmx"))) {
            throw new UnavailableException(
                    "Devices of type tpm need the kernel module tpm_vtpm_proxy: there is no"
                            + " /dev/vtpmx");
        }
        try {
            Files.createDirectories(
                    folder(key),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new InternalException("Cannot make a folder for a tpm", e);
        }
        String said;
        try {
            said =
                    tool.run(
                            List.of(
                                    "chardev",
                                    "--tpm2",
                                    "--tpmstate",
                                    "dir=" + folder(key) + ",mode=0600",
                                    "--vtpm-proxy",
                                    "--daemon",
                                    "--pid",
                                    "file=" + pidFile(key)));
        } catch (CommandFailed e) {
            throw new UnavailableException("swtpm did not start: " + e.getMessage(), e);
        }
        Matcher made = MADE.matcher(said);
        if (!made.find()) {
            stop(key);
            throw new InternalException("swtpm did not say which device it made: " + said.strip());
        }
        return new Module(
                Integer.parseInt(made.group(1)),
                new Numbers(Integer.parseInt(made.group(2)), Integer.parseInt(made.group(3))));
    }

    /// The node of a module that programs can share. The kernel makes it, and the other one too,
    /// when it has spoken with the module, which is some time after the program said that it is
    /// there. Blocks until then.
    ///
    /// @throws UnavailableException if the kernel makes none
    Numbers managed(Module module) {
        String name = "tpmrm" + module.number();
        String file = system.resolve("sys/class/tpmrm/" + name + "/dev").toString();
        long deadline = System.nanoTime() + patience.toNanos();
        Optional<Numbers> found = numbers(file);
        while (found.isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(LOOK.toNanos());
            found = numbers(file);
        }
        return found.orElseThrow(
                () -> new UnavailableException("This kernel makes no /dev/" + name));
    }

    private static Optional<Numbers> numbers(String file) {
        return ProcFiles.readIfPresent(file)
                .map(String::strip)
                .filter(t -> t.matches("\\d+:\\d+"))
                .map(t -> t.split(":"))
                .map(t -> new Numbers(Integer.parseInt(t[0]), Integer.parseInt(t[1])));
    }

    /// Ends a module; none is fine.
    void stop(String key) {
        Optional<Integer> pid =
                ProcFiles.readIfPresent(pidFile(key).toString())
                        .map(String::strip)
                        .filter(t -> t.matches("\\d{1,9}"))
                        .map(Integer::parseInt);
        pid.filter(p -> isOurs(p, key)).flatMap(PidFd::open).ifPresent(TpmEmulator::end);
        try {
            Files.deleteIfExists(pidFile(key));
        } catch (IOException e) {
            throw new InternalException("Cannot forget the process of a tpm", e);
        }
    }

    /// The number may be another program's by now.
    private boolean isOurs(int pid, String key) {
        return ProcFiles.readIfPresent(system.resolve("proc/" + pid + "/cmdline").toString())
                .filter(line -> line.contains("file=" + pidFile(key)))
                .isPresent();
    }

    private static void end(Fd process) {
        try (process) {
            PidFd.sendSignal(process, Signals.SIGTERM);
            if (!PidFd.waitGone(process, END)) {
                PidFd.sendSignal(process, Signals.SIGKILL);
                boolean unused = PidFd.waitGone(process, END);
            }
        }
    }

    /// Ends a module and deletes what it keeps.
    void forget(String key) {
        stop(key);
        if (Files.isDirectory(folder(key))) {
            try (Fd parent = Opens.open(root.toString(), Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0)) {
                Inodes.deleteTree(parent, key);
            }
        }
    }
}
