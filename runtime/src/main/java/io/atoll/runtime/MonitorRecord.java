package io.atoll.runtime;

import io.atoll.base.BusyException;
import io.atoll.base.InternalException;
import io.atoll.linux.Processes;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.plan.Blob;
import io.atoll.plan.InvalidPlanException;
import io.atoll.plan.PlanDecoder;
import io.atoll.plan.StartPlan;
import io.atoll.runtime.compiler.MonitorFiles;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.SignalSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What is kept about one container beside its monitor's own files, so that a later process, or the
/// same one after the monitor was killed, can go on with it: the plan it was started by, and the
/// few things of its spec that are in no plan.
///
/// @param cgroup path of its cgroups
/// @param trees the trees that its cgroups are in, where those depend on who looks: a plain user's
///   are below the cgroup that they were started from
/// @param borrowsNamespace the requester gave a user namespace
record MonitorRecord(
        StartPlan plan,
        String cgroup,
        Optional<CgroupLayout> trees,
        SignalSpec signals,
        boolean borrowsNamespace) {
    private static final String PLAN = "plan";
    private static final String NOTES = "notes";

    static MonitorRecord of(
            ContainerSpec spec,
            StartPlan plan,
            Optional<CgroupLayout> trees,
            boolean borrowsNamespace) {
        return new MonitorRecord(
                plan, spec.cgroup().path(), trees, spec.signals(), borrowsNamespace);
    }

    /// Makes the directory. What an earlier container of that id left is removed.
    ///
    /// @throws BusyException if another start has made it meanwhile
    void makeDirectory(MonitorFiles files) {
        Path directory = files.directory();
        try {
            delete(files);
            Files.createDirectory(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (FileAlreadyExistsException e) {
            throw new BusyException("container " + plan.name() + " is being started already", e);
        } catch (IOException e) {
            throw new InternalException("make " + directory + ": " + e.getMessage(), e);
        }
    }

    /// Writes the files.
    ///
    /// @param encoded the plan
    void write(MonitorFiles files, Blob encoded) {
        Path directory = files.directory();
        try {
            Files.write(directory.resolve(PLAN), encoded.toArray());
            Files.writeString(
                    directory.resolve(NOTES),
                    "cgroup "
                            + cgroup
                            + "\n"
                            + line("halt", signals.halt())
                            + line("reboot", signals.reboot())
                            + line("stop", signals.stop())
                            + (borrowsNamespace ? "namespace borrowed\n" : "")
                            + trees.map(MonitorRecord::render).orElse(""));
        } catch (IOException e) {
            throw new InternalException("write " + directory + ": " + e.getMessage(), e);
        }
    }

    /// `tree0 VERSION CONTROLLER,CONTROLLER DIRECTORY` and so on.
    private static String render(CgroupLayout layout) {
        StringBuilder text = new StringBuilder("trees " + layout.hierarchies().size() + "\n");
        for (int i = 0; i < layout.hierarchies().size(); i++) {
            CgroupHierarchy tree = layout.hierarchies().get(i);
            text.append("tree" + i + " " + tree.version() + " ")
                    .append(String.join(",", new TreeSet<>(tree.controllers())))
                    .append(" " + tree.mountPoint() + "\n");
        }
        return text.toString();
    }

    private static Optional<CgroupLayout> trees(Map<String, String> notes) {
        String count = notes.get("trees");
        if (count == null) {
            return Optional.empty();
        }
        List<CgroupHierarchy> all = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(count); i++) {
            String[] words = notes.getOrDefault("tree" + i, "").split(" ", 3);
            if (words.length == 3) {
                Set<String> controllers = new TreeSet<>(List.of(words[1].split(",")));
                controllers.remove("");
                all.add(
                        new CgroupHierarchy(
                                Integer.parseInt(words[0]), words[2], controllers, "/"));
            }
        }
        return Optional.of(new CgroupLayout(all));
    }

    private static String line(String key, OptionalInt value) {
        return value.isPresent() ? key + " " + value.getAsInt() + "\n" : "";
    }

    /// Empty if the directory does not hold a container that can be gone on with.
    static Optional<MonitorRecord> read(MonitorFiles files) {
        // Most questions are about containers that do not run.
        if (!Files.exists(files.directory())) {
            return Optional.empty();
        }
        try {
            if (!(PlanDecoder.decode(Files.readAllBytes(files.directory().resolve(PLAN)))
                    instanceof StartPlan plan)) {
                return Optional.empty();
            }
            Map<String, String> notes = words(files.directory().resolve(NOTES));
            SignalSpec signals =
                    new SignalSpec(
                            number(notes, "halt"), number(notes, "reboot"), number(notes, "stop"));
            return Optional.of(
                    new MonitorRecord(
                            plan,
                            notes.getOrDefault("cgroup", ""),
                            trees(notes),
                            signals,
                            notes.containsKey("namespace")));
        } catch (IOException | InvalidPlanException _) {
            return Optional.empty();
        }
    }

    private static OptionalInt number(Map<String, String> notes, String key) {
        String text = notes.get(key);
        return text == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(text));
    }

    private static Map<String, String> words(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
            return lines.map(line -> line.split(" ", 2))
                    .filter(pair -> pair.length == 2)
                    .collect(
                            Collectors.toMap(
                                    pair -> pair[0], pair -> pair[1], (first, _) -> first));
        }
    }

    /// What the monitor wrote down about a container that runs.
    ///
    /// @param boots how often it was started
    record Life(Processes.Identity init, int boots) {}

    /// The init that the monitor wrote down and that still lives, whatever became of the monitor.
    static Optional<Life> living(MonitorFiles files) {
        try {
            Map<String, String> words = words(files.record());
            var identity =
                    new Processes.Identity(
                            Integer.parseInt(words.getOrDefault("pid", "0")),
                            Long.parseLong(words.getOrDefault("starttime", "0")));
            int boots = Integer.parseInt(words.getOrDefault("boots", "1"));
            return identity.pid() > 0 && Processes.isAlive(identity)
                    ? Optional.of(new Life(identity, boots))
                    : Optional.empty();
        } catch (IOException | NumberFormatException _) {
            return Optional.empty();
        }
    }

    /// How it ended, if its monitor had the time to say so.
    static Optional<ExitReason> exit(MonitorFiles files) {
        try {
            Map<String, String> words = words(files.exit());
            int status = Integer.parseInt(words.getOrDefault("status", "0"));
            return Optional.of(
                    switch (words.getOrDefault("reason", "")) {
                        case "exited" -> new ExitReason(ExitReason.Kind.EXITED, status);
                        case "killed" ->
                                new ExitReason(
                                        ExitReason.Kind.KILLED, ExitReason.SIGNAL_BASE + status);
                        case "halt" -> new ExitReason(ExitReason.Kind.HALTED, 0);
                        case "reboot" -> new ExitReason(ExitReason.Kind.REBOOTED, 0);
                        default -> ExitReason.UNKNOWN;
                    });
        } catch (IOException | NumberFormatException _) {
            return Optional.empty();
        }
    }

    /// Removes the directory. Missing is fine.
    static void delete(MonitorFiles files) {
        delete(files, true);
    }

    /// Removes what is of no use any more; [#exit] still works, until the next start of that id.
    static void deleteAllButExit(MonitorFiles files) {
        delete(files, !Files.exists(files.exit()));
    }

    private static void delete(MonitorFiles files, boolean withExit) {
        Path directory = files.directory();
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : all.toList()) {
                if (withExit || !file.equals(files.exit())) {
                    Files.deleteIfExists(file);
                }
            }
            if (withExit) {
                Files.deleteIfExists(directory);
            }
        } catch (java.nio.file.NoSuchFileException _) {
            // Another thread was faster.
            return;
        } catch (IOException e) {
            throw new InternalException("remove " + directory + ": " + e.getMessage(), e);
        }
    }
}
