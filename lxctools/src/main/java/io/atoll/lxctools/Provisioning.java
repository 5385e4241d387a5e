package io.atoll.lxctools;

import io.atoll.base.InternalException;
import io.atoll.linux.Fd;
import io.atoll.linux.Processes;
import io.atoll.lxctools.disk.CopyTool;
import io.atoll.lxctools.disk.CreateTool;
import io.atoll.lxctools.disk.DestroyTool;
import io.atoll.lxctools.disk.SnapshotTool;
import io.atoll.runtime.lxc.LxcContainer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Makes, copies and removes containers: the half of `lxc/lxccontainer.h` that touches storage, for
/// programs. The other half is [io.atoll.runtime.lxc.LxcContainer].
///
/// Everything blocks until it is done, and what fails leaves nothing behind. Errors are
/// [io.atoll.base.DomainException]s, as those of the runtime, and [ToolException] where a command
/// would have ended with that sentence. Safe for use by several threads.
public final class Provisioning {
    private final String home;
    private final Map<String, String> env;

    /// @param home directory of the installation, whose `share/lxc` has the templates; empty for
    ///   those of the system
    /// @param env the environment of templates and hooks; also names the user's `lxc.conf`
    public Provisioning(Optional<Path> home, Map<String, String> env) {
        this.home = home.map(Path::toString).orElse("");
        this.env = Map.copyOf(env);
    }

    /// How a container is made.
    ///
    /// @param template a name, an absolute path, or `none`
    /// @param arguments passed on to the template
    /// @param config what its configuration begins as; empty for `default.conf`
    /// @param storage `dir`, `overlay`, `btrfs`, `loop`, `best` and so on; empty for a directory
    public record Creation(
            String template,
            List<String> arguments,
            Optional<Path> config,
            Optional<String> storage) {
        public Creation {
            arguments = List.copyOf(arguments);
        }

        /// With the default configuration, in a directory.
        public static Creation from(String template, String... arguments) {
            return new Creation(template, List.of(arguments), Optional.empty(), Optional.empty());
        }
    }

    /// How a container is copied.
    ///
    /// @param isSnapshot share with the original what the storage can share
    /// @param storage of the copy; empty for the original's
    /// @param keepsName leave the host name as it is
    /// @param keepsMac leave MAC addresses as they are
    /// @param hookArguments for `lxc.hook.clone`
    public record Copy(
            boolean isSnapshot,
            Optional<String> storage,
            boolean keepsName,
            boolean keepsMac,
            List<String> hookArguments) {
        /// Everything is copied; name and addresses are new.
        public static final Copy FULL = new Copy(false, Optional.empty(), false, false, List.of());

        /// Shares files with the original; name and addresses are new.
        public static final Copy SHARING =
                new Copy(true, Optional.empty(), false, false, List.of());

        public Copy {
            hookArguments = List.copyOf(hookArguments);
        }
    }

    /// A state of a container to come back to.
    ///
    /// @param name `snap0`, `snap1` and so on
    /// @param directory the lxcpath that it is in
    /// @param time when it was taken, as `yyyy:MM:dd HH:mm:ss`; empty if unknown
    public record Snapshot(String name, Path directory, String time) {}

    /// Makes a container; what the template prints is lost unless it fails.
    ///
    /// @throws io.atoll.base.AlreadyExistsException if there is one of that name
    /// @throws io.atoll.base.NotFoundException if there is no such template
    public void create(LxcContainer container, Creation how) {
        List<String> args = new ArrayList<>(List.of("-t", how.template()));
        how.config().ifPresent(file -> args.addAll(List.of("-f", file.toString())));
        how.storage().ifPresent(type -> args.addAll(List.of("-B", type)));
        args.add("--");
        args.addAll(how.arguments());
        String unused = run("lxc-create", new CreateTool(), container, args);
    }

    /// Removes a container that does not run.
    ///
    /// @param withSnapshots also its snapshots and the copies that need it; else they refuse
    /// @throws io.atoll.base.BusyException if it runs
    public void destroy(LxcContainer container, boolean withSnapshots) {
        String unused =
                run(
                        "lxc-destroy",
                        new DestroyTool(),
                        container,
                        withSnapshots ? List.of("-s") : List.of());
    }

    /// Makes `copy` out of a container that does not run.
    public void copy(LxcContainer original, LxcContainer copy, Copy how) {
        List<String> args = new ArrayList<>(to(copy));
        if (how.isSnapshot()) {
            args.add("-s");
        }
        if (how.keepsName()) {
            args.add("-K");
        }
        if (how.keepsMac()) {
            args.add("-M");
        }
        how.storage().ifPresent(type -> args.addAll(List.of("-B", type)));
        args.add("--");
        args.addAll(how.hookArguments());
        String unused = run("lxc-copy", new CopyTool(), original, args);
    }

    /// Gives a container that does not run another name or directory.
    public void rename(LxcContainer from, LxcContainer to) {
        List<String> args = new ArrayList<>(to(to));
        args.add("-R");
        String unused = run("lxc-copy", new CopyTool(), from, args);
    }

    private static List<String> to(LxcContainer target) {
        return List.of("-N", target.name(), "-p", target.path().directory().toString());
    }

    /// Takes a snapshot of a container that does not run.
    ///
    /// @param comment a file with what to remember of it
    /// @return the new snapshot
    public Snapshot snapshot(LxcContainer container, Optional<Path> comment) {
        List<Snapshot> before = snapshots(container);
        List<String> args = comment.map(file -> List.of("-c", file.toString())).orElse(List.of());
        String unused = run("lxc-snapshot", new SnapshotTool(), container, args);
        return snapshots(container).stream()
                .filter(snapshot -> !before.contains(snapshot))
                .findFirst()
                .orElseThrow(() ->
                        new InternalException("the new snapshot of " + container + " is gone"));
    }

    /// The snapshots of a container, oldest first.
    public List<Snapshot> snapshots(LxcContainer container) {
        List<Snapshot> found = new ArrayList<>();
        for (String line :
                run("lxc-snapshot", new SnapshotTool(), container, List.of("-L"))
                        .lines()
                        .toList()) {
            int open = line.indexOf(" (");
            int close = line.lastIndexOf(") ");
            if (open > 0 && close > open) {
                found.add(
                        new Snapshot(
                                line.substring(0, open),
                                Path.of(line.substring(open + 2, close)),
                                line.substring(close + 2)));
            }
        }
        return found;
    }

    /// Brings a container that does not run back to a snapshot, or makes another out of it.
    ///
    /// @param target a name in the same directory; empty for the container itself
    public void restore(LxcContainer container, String snapshot, Optional<String> target) {
        List<String> args = new ArrayList<>(List.of("-r", snapshot));
        target.ifPresent(name -> args.addAll(List.of("-N", name)));
        String unused = run("lxc-snapshot", new SnapshotTool(), container, args);
    }

    /// Removes a snapshot.
    ///
    /// @throws io.atoll.base.NotFoundException if there is none of that name
    public void deleteSnapshot(LxcContainer container, String snapshot) {
        String unused = run("lxc-snapshot", new SnapshotTool(), container, List.of("-d", snapshot));
    }

    /// Removes all snapshots of a container.
    public void deleteSnapshots(LxcContainer container) {
        String unused = run("lxc-snapshot", new SnapshotTool(), container, List.of("-d", "ALL"));
    }

    /// Does what a command does, and returns what it printed.
    private String run(String program, Tool tool, LxcContainer container, List<String> words) {
        List<String> args =
                new ArrayList<>(
                        List.of(
                                "-P",
                                container.path().directory().toString(),
                                "-n",
                                container.name()));
        args.addAll(words);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        ToolSpec spec = tool.spec();
        Invocation invocation =
                new Invocation(
                        program,
                        home,
                        args,
                        env,
                        Path.of("/"),
                        new ByteArrayInputStream(new byte[0]),
                        out,
                        err,
                        new Background());
        ToolOptions options =
                ToolOptions.parse(args, spec.allOptions(), spec.isFollowedByCommand());
        try (Call call = Call.of(invocation, spec, options)) {
            int status = tool.run(call);
            if (status != 0) {
                throw new ToolException(status, err.toString(StandardCharsets.UTF_8).strip());
            }
            return out.toString(StandardCharsets.UTF_8);
        } catch (ToolException e) {
            String said = err.toString(StandardCharsets.UTF_8).strip();
            throw said.isEmpty() || said.equals(e.getMessage())
                    ? e
                    : new ToolException(e.status(), e.getMessage() + ": " + said);
        } catch (IOException e) {
            throw new InternalException(program + ": " + e.getMessage(), e);
        }
    }

    /// A caller without terminal and signals: both are the program's that uses the library.
    private static final class Background implements Host {
        @Override
        public Fd descriptor(int stream) {
            throw new IllegalStateException("a library has no stream " + stream);
        }

        @Override
        public boolean isTerminal(int stream) {
            return false;
        }

        @Override
        public Signals signals(int... numbers) {
            return new Signals() {
                @Override
                public int next() {
                    return -1;
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public int uid() {
            return Processes.uid();
        }

        @Override
        public long pid() {
            return ProcessHandle.current().pid();
        }
    }
}
