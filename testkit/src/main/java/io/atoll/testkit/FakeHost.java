package io.atoll.testkit;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.storage.HostTools;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// A host whose volume manager keeps its volumes as directories. It refuses what the real one
/// refuses, with its words.
public abstract class FakeHost implements HostTools {
    private final Path backing;
    private final List<String> log = new ArrayList<>();

    private String awaited = "";
    private Runnable then = () -> {};

    /// @param backing where the volumes lie; made on first use
    protected FakeHost(Path backing) {
        this.backing = backing;
    }

    Path backing() {
        try {
            return Files.createDirectories(backing);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The command lines so far.
    public List<String> log() {
        return List.copyOf(log);
    }

    /// Lets something happen right before the next command that begins with these words.
    public void before(String words, Runnable what) {
        awaited = words;
        then = what;
    }

    /// Refuses the next commands that begin with these words.
    public void refuse(String words, String why, int times) {
        AtomicInteger left = new AtomicInteger(times);
        then =
                () -> {
                    if (left.decrementAndGet() > 0) {
                        awaited = words;
                    }
                    throw refuse(List.of(words.split(" ")), why);
                };
        awaited = words;
    }

    private void meanwhile(List<String> argv) {
        if (!awaited.isEmpty() && String.join(" ", argv).startsWith(awaited)) {
            awaited = "";
            then.run();
        }
    }

    /// Remembers a command line.
    final void note(List<String> argv) {
        log.add(String.join(" ", argv));
    }

    @Override
    public boolean has(String program) {
        return true;
    }

    @Override
    public String run(List<String> argv) {
        note(argv);
        meanwhile(argv);
        return answer(argv);
    }

    abstract String answer(List<String> argv);

    @Override
    public void pipe(List<String> from, List<String> to) {
        throw new AssertionError("nobody sends here: " + from);
    }

    @Override
    public void feed(List<String> argv, Command.Input input) {
        throw new AssertionError("nobody receives here: " + argv);
    }

    @Override
    public void drain(List<String> argv, OutputStream out) {
        throw new AssertionError("nobody sends here: " + argv);
    }

    static CommandFailed refuse(List<String> argv, String why) {
        return new CommandFailed(argv, 1, why, "exit status 1");
    }

    /// The value behind a word.
    static String after(List<String> argv, String word) {
        return argv.get(argv.indexOf(word) + 1);
    }

    /// A file in place of a device.
    static void makeDisk(Path volume, long bytes) {
        try (RandomAccessFile disk = new RandomAccessFile(volume.toFile(), "rw")) {
            disk.setLength(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        host("chmod", "600", volume.toString());
    }

    static void make(Path volume) {
        host("mkdir", "-m", "755", volume.toString());
    }

    static void copy(Path from, Path to) {
        host("cp", "-a", from.toString(), to.toString());
    }

    static void bind(Path volume, String at, boolean isReadOnly) {
        host("mount", "--bind", volume.toString(), at);
        if (isReadOnly) {
            host("mount", "-o", "remount,bind,ro", at);
        }
    }

    static void move(Path from, Path to) {
        host("mv", "-T", from.toString(), to.toString());
    }

    /// As a volume manager does: whatever is inside.
    static void remove(Path volume) {
        host("chattr", "-R", "-f", "-i", volume.toString());
        host("rm", "-rf", volume.toString());
    }

    private static void host(String... argv) {
        try {
            Commands.Result _ = Commands.run(Command.of(argv));
        } catch (CommandFailed e) {
            // Some files have no flags to change.
            if (!argv[0].equals("chattr")) {
                throw e;
            }
        }
    }
}
