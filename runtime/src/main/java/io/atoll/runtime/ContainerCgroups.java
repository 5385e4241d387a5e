package io.atoll.runtime;

import io.atoll.base.BusyException;
import io.atoll.base.CpuSet;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.LazyLogger;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.DevicePrograms;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.compiler.CgroupWrite;
import io.atoll.runtime.compiler.DeviceFilter;
import io.atoll.runtime.compiler.HostFacts;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.LimitsSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/// The cgroups of one running container, through files only: nothing here enters the container.
final class ContainerCgroups {
    private static final System.Logger LOG = LazyLogger.of(ContainerCgroups.class);

    /// Version 2 lets no process be in a cgroup that passes controllers on; commands go into a leaf
    /// beside init's own.
    private static final String COMMANDS = ".lxc";

    private static final String CPUS = "cpuset.cpus";

    private static final Duration FREEZE_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration DELETE_TIMEOUT = Duration.ofSeconds(5);
    private static final long PAUSE_NANOS = 200_000;

    private final CgroupLayout layout;
    private final String path;

    ContainerCgroups(CgroupLayout layout, String path) {
        this.layout = layout;
        this.path = path;
    }

    private CgroupFiles files(CgroupHierarchy hierarchy) {
        return new CgroupFiles(HostFacts.directory(hierarchy, path));
    }

    Optional<CgroupFiles> controller(String name) {
        return layout.controller(name).map(this::files);
    }

    Optional<CgroupFiles> unified() {
        return layout.unified().map(this::files);
    }

    private boolean isV1(String controller) {
        return layout.controller(controller).filter(h -> h.version() == 1).isPresent();
    }

    /// The directory that a command starts in, on version 2. Where that is all there is, it is the
    /// leaf from the first command on: one in init's own cgroup would keep systemd from passing
    /// controllers on, and be refused afterwards.
    Optional<Fd> openForCommand() {
        return layout.unified()
                .map(hierarchy -> {
                    CgroupFiles own = files(hierarchy);
                    boolean passesOn =
                            layout.kind() == CgroupLayout.Kind.V2
                                    || !own.read("cgroup.subtree_control").orElse("").isBlank();
                    String directory = own.directory();
                    if (passesOn) {
                        directory += "/" + COMMANDS;
                        makeLeaf(Path.of(directory));
                    }
                    return Opens.open(directory, Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
                });
    }

    private static void makeLeaf(Path directory) {
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectory(directory);
            }
        } catch (java.nio.file.FileAlreadyExistsException _) {
            // Another command made it at the same moment.
            return;
        } catch (java.io.IOException e) {
            throw new InternalException("make cgroup " + directory + ": " + e.getMessage(), e);
        }
    }

    boolean isFrozen() {
        if (isV1("freezer")) {
            return controller("freezer")
                    .flatMap(f -> f.read("freezer.state"))
                    .orElse("")
                    .startsWith("FRO");
        }
        return controller("freezer")
                .flatMap(f -> f.read("cgroup.freeze"))
                .orElse("")
                .startsWith("1");
    }

    void freeze() {
        if (isV1("freezer")) {
            // The kernel leaves a task out that forks at that moment: asked again until all stand.
            await(
                    "freeze",
                    () -> {
                        write("freezer", "freezer.state", "FROZEN");
                        return controller("freezer")
                                .flatMap(f -> f.read("freezer.state"))
                                .orElse("")
                                .startsWith("FROZEN");
                    });
            return;
        }
        write("freezer", "cgroup.freeze", "1");
        await(
                "freeze",
                () ->
                        controller("freezer")
                                .flatMap(f -> f.read("cgroup.events"))
                                .orElse("")
                                .contains("frozen 1"));
    }

    void thaw() {
        if (isV1("freezer")) {
            write("freezer", "freezer.state", "THAWED");
        } else {
            write("freezer", "cgroup.freeze", "0");
        }
    }

    private void write(String controller, String file, String value) {
        controller(controller)
                .orElseThrow(
                        () -> new UnsupportedException("this host has no cgroup " + controller))
                .write(file, value);
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds();
    }

    private void await(String what, Condition condition) {
        Instant deadline = Instant.now().plus(FREEZE_TIMEOUT);
        while (!condition.holds()) {
            if (Instant.now().isAfter(deadline)) {
                throw new BusyException(
                        what
                                + " "
                                + path
                                + ": not done after "
                                + FREEZE_TIMEOUT.toSeconds()
                                + " s");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    /// Kills every process at once: `cgroup.kill` of version 2. The kernel may be too old for it,
    /// the tree somebody else's or read-only, the cgroup one of threads: then those who end init
    /// are left to do it alone.
    void killAll() {
        try {
            layout.unified().map(this::files).ifPresent(own -> own.write("cgroup.kill", "1"));
        } catch (ErrnoException e) {
            LOG.log(System.Logger.Level.DEBUG, "not killed by its cgroup cgroup=" + path, e);
        }
    }

    /// Writes limits; what is not limited any more goes back to the kernel's default.
    void update(LimitsSpec limits) {
        List<CgroupWrite> wanted = CgroupWrite.of(limits, layout);
        Set<String> files = new HashSet<>();
        wanted.forEach(write -> files.add(write.path(path)));
        List<CgroupWrite> all = new ArrayList<>();
        for (CgroupWrite reset : CgroupWrite.defaults(layout)) {
            if (!files.contains(reset.path(path))) {
                all.add(reset);
            }
        }
        updateCpus(limits.cpu().cpus());
        wanted.stream().filter(write -> !write.file().equals(CPUS)).forEach(all::add);
        // Some limits must not pass one another, memory and memory with swap for one: what is
        // refused in the first round
        // may be taken once the others are written.
        List<CgroupWrite> refused = new ArrayList<>();
        for (CgroupWrite write : all) {
            if (!tryWrite(write)) {
                refused.add(write);
            }
        }
        refused.forEach(this::mustWrite);
    }

    /// Version 1 takes one rule after the other; on version 2 a new program replaces the old one.
    void updateDevices(List<DeviceRule> before, List<DeviceRule> after) {
        Optional<CgroupFiles> v1 =
                isV1("devices") ? controller("devices") : Optional.<CgroupFiles>empty();
        if (v1.isPresent()) {
            for (DeviceRule rule : before) {
                if (!after.contains(rule)) {
                    v1.get()
                            .write(
                                    rule.isAllowed() ? "devices.deny" : "devices.allow",
                                    rule.render());
                }
            }
            for (DeviceRule rule : after) {
                if (!before.contains(rule)) {
                    v1.get()
                            .write(
                                    rule.isAllowed() ? "devices.allow" : "devices.deny",
                                    rule.render());
                }
            }
            return;
        }
        if (layout.unified().isPresent()) {
            try (Fd directory =
                    Opens.open(
                            files(layout.unified().get()).directory(),
                            Fcntl.O_RDONLY | Fcntl.O_DIRECTORY,
                            0)) {
                DevicePrograms.replace(directory, DeviceFilter.compile(after));
            }
        }
    }

    void updateThrottles(List<LimitsSpec.Throttle> throttles) {
        LimitsSpec limits =
                new LimitsSpec(
                        LimitsSpec.Memory.NONE,
                        LimitsSpec.Cpu.NONE,
                        java.util.OptionalLong.empty(),
                        new LimitsSpec.Io(java.util.OptionalInt.empty(), throttles),
                        List.of(),
                        List.of());
        CgroupWrite.of(limits, layout).forEach(this::mustWrite);
    }

    /// The processors in use; empty text where the host has no such controller.
    String cpus() {
        Optional<CgroupFiles> own = controller("cpuset");
        return own.flatMap(files -> files.read(CPUS))
                .filter(text -> !text.isBlank())
                .or(() -> own.flatMap(files -> files.read("cpuset.cpus.effective")))
                .orElse("")
                .strip();
    }

    /// Version 1 wants the list of the parent for all, version 2 nothing. On version 1 no cgroup
    /// may have what the one above has not: it is widened first, and narrowed from below.
    void updateCpus(Optional<String> list) {
        Optional<CgroupHierarchy> hierarchy = layout.controller("cpuset");
        if (hierarchy.isEmpty()) {
            if (list.isPresent()) {
                throw new UnsupportedException("this host has no cgroup controller cpuset");
            }
            return;
        }
        try {
            updateCpus(hierarchy.get(), list);
        } catch (ErrnoException e) {
            throw new InvalidConfigException(
                    "set " + CPUS + " to " + list.orElse("all") + ": " + Errno.text(e.errno()), e);
        }
    }

    private void updateCpus(CgroupHierarchy hierarchy, Optional<String> list) {
        CgroupFiles own = files(hierarchy);
        if (hierarchy.version() != 1) {
            if (list.isPresent()) {
                own.write(CPUS, list.get());
            } else if (own.read(CPUS).filter(t -> !t.isBlank()).isPresent()) {
                giveAll(own, new CgroupFiles(HostFacts.directory(hierarchy, "/")));
            }
            return;
        }
        CgroupFiles top = new CgroupFiles(HostFacts.directory(hierarchy, "/"));
        CpuSet wanted = CpuSet.parse(list.orElseGet(() -> top.read(CPUS).orElse("").strip()));
        CpuSet before = CpuSet.parse(own.read(CPUS).orElse("").strip());
        if (wanted.equals(before)) {
            return;
        }
        own.write(CPUS, before.plus(wanted).render());
        move(own, before, wanted);
    }

    /// Many kernels do not let a group that is in use go back to having no list of its own; it gets
    /// the list of all then.
    private static void giveAll(CgroupFiles own, CgroupFiles top) {
        try {
            own.write(CPUS, "\n");
        } catch (ErrnoException e) {
            Optional<String> all = top.read("cpuset.cpus.effective");
            if (!e.is(Errno.ENOSPC) || all.isEmpty()) {
                throw e;
            }
            own.write(CPUS, all.get().strip());
        }
    }

    /// What had all of the old processors gets all of the new ones.
    private static void move(CgroupFiles group, CpuSet before, CpuSet wanted) {
        for (CgroupFiles child : group.children()) {
            CpuSet own = CpuSet.parse(child.read(CPUS).orElse("").strip());
            if (own.equals(before)) {
                child.write(CPUS, before.plus(wanted).render());
            }
            if (own.equals(before) || !wanted.containsAll(own)) {
                move(child, own, wanted);
            }
        }
        group.write(CPUS, wanted.render());
    }

    private boolean tryWrite(CgroupWrite write) {
        try {
            new CgroupFiles(HostFacts.directory(write.hierarchy(), path))
                    .write(write.file(), write.value());
            return true;
        } catch (ErrnoException _) {
            return false;
        }
    }

    private void mustWrite(CgroupWrite write) {
        try {
            new CgroupFiles(HostFacts.directory(write.hierarchy(), path))
                    .write(write.file(), write.value());
        } catch (ErrnoException e) {
            if (write.isOptional()) {
                return;
            }
            String what =
                    "set " + write.file() + " to " + write.value() + ": " + Errno.text(e.errno());
            if (e.is(Errno.EBUSY)) {
                throw new BusyException(what + ", more is in use", e);
            }
            throw new InvalidConfigException(what, e);
        }
    }

    CgroupUsage usage() {
        return CgroupStatsReader.usage(this::controller, unified(), layout);
    }

    CgroupStats stats() {
        return CgroupStatsReader.read(this::controller, unified(), layout);
    }

    /// Removes the directories, for a container whose monitor cannot.
    void delete() {
        for (CgroupHierarchy hierarchy : layout.hierarchies()) {
            Instant deadline = Instant.now().plus(DELETE_TIMEOUT);
            while (!tryDelete(files(hierarchy), Instant.now().isAfter(deadline))) {
                LockSupport.parkNanos(PAUSE_NANOS * 10);
            }
        }
    }

    private static boolean tryDelete(CgroupFiles files, boolean isLast) {
        try {
            files.delete();
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.EBUSY) && !isLast) {
                return false;
            }
            throw e;
        }
    }
}
