package io.atoll.warm;

import io.atoll.linux.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// An installation in a scratch directory: the launcher as built, and option files that start
/// [WarmTestMain]. Its sockets are in a directory of its own. Closing it ends what it started.
final class Installation implements AutoCloseable {
    private static final int PATIENCE_SECONDS = Integer.getInteger("atoll.patience", 20);

    final Path home;
    final Path sockets;

    Installation() {
        try {
            home = Files.createTempDirectory("atoll-warm-it-").toRealPath();
            // Other users look in, as into /usr/lib.
            Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
            sockets = home.resolve("sockets");
            for (String folder : List.of("bin", "lib", "libexec")) {
                Files.createDirectories(home.resolve(folder));
            }
            Path launcher = Path.of(System.getProperty("user.dir"), "..", "launcher", "target");
            Files.copy(
                    launcher.resolve("atoll"),
                    home.resolve("bin/atoll"),
                    java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
            setBuild("one");
            String classPath =
                    System.getProperty(
                            "surefire.test.class.path", System.getProperty("java.class.path"));
            List<String> options =
                    List.of(
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-Xmx64m",
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            classPath,
                            WarmTestMain.class.getName());
            Files.write(home.resolve("lib/lxctools.jvm"), options);
            Files.write(home.resolve("lib/atoll.jvm"), options);
            List<String> warm = new ArrayList<>(List.of("-Dwarm=1"));
            warm.addAll(options);
            Files.write(home.resolve("lib/warm.jvm"), warm);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// What an upgrade changes.
    void setBuild(String id) {
        try {
            Files.writeString(home.resolve("lib/build-id"), id + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A name for the launcher.
    Path program(String name) {
        Path link = home.resolve("bin").resolve(name);
        try {
            if (!Files.exists(link)) {
                Files.createSymbolicLink(link, Path.of("atoll"));
            }
            return link;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A command, not yet started, of `sh -c` if it is one word with blanks.
    ProcessBuilder builder(String... command) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("ATOLL_WARM_DIR", sockets.toString());
        builder.environment().put("ATOLL_WARM", "1");
        builder.environment().put("ATOLL_JAVA", System.getProperty("java.home"));
        return builder;
    }

    /// What a finished command printed and how it ended.
    record Outcome(int status, String out) {}

    Outcome run(ProcessBuilder builder) {
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            return end(process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Outcome end(Process process) {
        try {
            String out =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("no end in time");
            }
            return new Outcome(process.exitValue(), out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /// Calls `lxc-warm-NAME`.
    Outcome call(String name, String... args) {
        List<String> words = new ArrayList<>(List.of(program("lxc-warm-" + name).toString()));
        words.addAll(List.of(args));
        return run(builder(words.toArray(String[]::new)));
    }

    /// A line of shell in which `$bin` is where the programs are.
    Outcome shell(String line, String... names) {
        return run(shellBuilder(line, names));
    }

    ProcessBuilder shellBuilder(String line, String... names) {
        List.of(names).forEach(name -> program("lxc-warm-" + name));
        ProcessBuilder builder = builder("bash", "-c", line);
        builder.environment().put("bin", home.resolve("bin").toString() + "/lxc-warm-");
        return builder;
    }

    /// Calls until a warm process answers.
    void warmUp() {
        await(() -> call("pid").status() == 0, "a warm process answers");
    }

    /// The warm process that answers.
    long serverPid() {
        return Long.parseLong(call("pid").out().strip());
    }

    /// All warm processes of this installation.
    List<ProcessHandle> servers() {
        String marker = "-Datoll.home=" + home;
        return ProcessHandle.allProcesses()
                .filter(it -> commandLine(it).contains(marker))
                .filter(it -> commandLine(it).contains("-Dwarm=1"))
                .toList();
    }

    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(
                    Path.of("/proc/" + process.pid() + "/cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            return "";
        }
    }

    static void await(BooleanSupplier condition, String what) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not in time: " + what);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    /// True also of a zombie: a warm process is nobody's child but init's, who may take a second to
    /// reap it.
    static boolean ended(ProcessHandle process) {
        return Processes.identity((int) process.pid()).isEmpty();
    }

    Map<String, String> environment() {
        return builder("true").environment();
    }

    @Override
    public void close() {
        servers()
                .forEach(it -> {
                    it.destroyForcibly();
                    await(() -> ended(it), "the warm process ended");
                });
        try (Stream<Path> tree = Files.walk(home)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
