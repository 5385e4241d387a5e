package io.atoll.runtime;

import io.atoll.plan.Blob;
import io.atoll.plan.ExecPlan;
import io.atoll.plan.Init;
import io.atoll.plan.MountAttribute;
import io.atoll.plan.Namespace;
import io.atoll.plan.Place;
import io.atoll.plan.Propagation;
import io.atoll.plan.Slot;
import io.atoll.plan.StartPlan;
import io.atoll.plan.Stdio;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.NamespaceKind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Makes the plan of a command from the plan its container was started by: the same cgroups,
/// namespaces and limits of power, without asking anything that the container could have changed
/// since. Pure.
final class ExecCompiler {
    /// The init's pidfd.
    static final Slot TARGET = Slot.of(0);

    /// The version 2 cgroup.
    static final Slot CGROUP = Slot.of(1);

    static final Slot IN = Slot.of(2);
    static final Slot OUT = Slot.of(3);
    static final Slot ERR = Slot.of(4);
    private static final Slot ROOT = Slot.of(5);
    private static final Slot TERMINAL = Slot.of(6);
    private static final Slot HOST_PROC = Slot.of(7);
    private static final Slot LABEL = Slot.of(8);
    private static final Slot LISTENER = Slot.of(9);
    private static final int UMASK = 022;

    private final StartPlan start;

    ExecCompiler(StartPlan start) {
        this.start = start;
    }

    /// @param hasUnified true if [#CGROUP] is filled
    ExecPlan compile(ExecSpec spec, boolean hasUnified) {
        List<Step> host = new ArrayList<>();
        List<Step> child = new ArrayList<>();
        if (!spec.special().isOutsideCgroups()) {
            enterCgroups(host);
        }
        Optional<ExecSpec.Stdio.Terminal> terminal = terminal(spec.stdio());
        if (terminal.isPresent()) {
            child.add(new Step.Open(ROOT, Place.host("/"), Step.OpenMode.DIRECTORY));
            child.add(
                    new Step.OpenTerminal(0, Place.in(ROOT, "dev/pts/ptmx"), Place.NONE, TERMINAL));
            child.add(
                    new Step.SizeTerminal(
                            TERMINAL, terminal.get().columns(), terminal.get().rows()));
        }
        if (spec.special().isRemounting()) {
            remount(child);
        }
        powers(spec, host, child);
        limits(host);
        Stdio stdio =
                switch (spec.stdio()) {
                    case ExecSpec.Stdio.None _ -> Stdio.none();
                    case ExecSpec.Stdio.Fds _ -> new Stdio.Descriptors(IN, OUT, ERR);
                    case ExecSpec.Stdio.Terminal _ -> new Stdio.Terminal(TERMINAL);
                    case ExecSpec.Stdio.Mixed mixed ->
                            new Stdio.Descriptors(
                                    mixed.in().isPresent() ? IN : TERMINAL,
                                    mixed.out().isPresent() ? OUT : TERMINAL,
                                    mixed.err().isPresent() ? ERR : TERMINAL);
                };
        Init init =
                new Init(
                        spec.argv(),
                        environment(spec.env()),
                        spec.cwd(),
                        spec.uid(),
                        spec.gid(),
                        spec.groups(),
                        UMASK,
                        terminal.isPresent(),
                        stdio);
        return new ExecPlan(
                start.name(),
                TARGET,
                namespaces(spec.skipped()),
                hasUnified ? CGROUP : Slot.NONE,
                spec.diesWithUs(),
                host,
                child,
                init);
    }

    private static Optional<ExecSpec.Stdio.Terminal> terminal(ExecSpec.Stdio stdio) {
        return switch (stdio) {
            case ExecSpec.Stdio.Terminal terminal -> Optional.of(terminal);
            case ExecSpec.Stdio.Mixed mixed -> Optional.of(mixed.terminal());
            case ExecSpec.Stdio.None _ -> Optional.empty();
            case ExecSpec.Stdio.Fds _ -> Optional.empty();
        };
    }

    /// Fresh mounts on top of those of the mount namespace that it would otherwise share.
    private static void remount(List<Step> child) {
        child.add(new Step.Unshare(EnumSet.of(Namespace.MOUNT)));
        child.add(
                new Step.SetMountAttributes(
                        Place.host("/"),
                        true,
                        EnumSet.noneOf(MountAttribute.class),
                        EnumSet.noneOf(MountAttribute.class),
                        Propagation.PRIVATE,
                        Slot.NONE));
        // The kernel refuses to mount the same instance on top of itself.
        for (String type : List.of("proc", "sysfs")) {
            Place place = Place.host(type.equals("proc") ? "/proc" : "/sys");
            child.add(new Step.IfPossible(new Step.Umount(place, true)));
            child.add(new Step.Mount(type, place, type, 0, ""));
        }
    }

    private static List<String> environment(Map<String, String> env) {
        return new TreeMap<>(env)
                .entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    }

    /// The `tasks` files that the container's first process entered by.
    private void enterCgroups(List<Step> host) {
        for (Step step : start.host()) {
            if (step instanceof Step.Open(_, Place.HostPath(String path), Step.OpenMode mode)
                    && mode == Step.OpenMode.WRITE
                    && path.endsWith("/tasks")) {
                host.add(new Step.WriteFile(Place.host(path), "0", Step.WriteMode.EXISTING));
            }
        }
    }

    /// Those of the container's first process. What cannot be raised as high from where we are
    /// called stays as it is.
    private void limits(List<Step> host) {
        for (Step step : start.gate()) {
            switch (step) {
                case Step.SetResourceLimit(boolean ofChild, int resource, long soft, long hard)
                        when ofChild ->
                        host.add(
                                new Step.IfPossible(
                                        new Step.SetResourceLimit(false, resource, soft, hard)));
                case Step.WriteFile(
                                Place.ChildProc(String name),
                                String value,
                                Step.WriteMode mode) ->
                        host.add(
                                new Step.IfPossible(
                                        new Step.WriteFile(
                                                Place.host("/proc/self/" + name), value, mode)));
                default -> {}
            }
        }
    }

    /// Where the monitor keeps the listener of the container's own processes, if there is one that
    /// it hands out.
    Optional<Slot> listener() {
        return start.child().stream()
                .filter(Step.KeepCalls.class::isInstance)
                .map(Step.KeepCalls.class::cast)
                .map(Step.KeepCalls::listener)
                .findFirst();
    }

    /// True if the monitor has system calls answered by a program of the host.
    boolean forwardsCalls() {
        return start.child().stream().anyMatch(Step.ForwardCalls.class::isInstance);
    }

    /// Those that clone or a step made, which is all that differ from the host's. Joined ones are
    /// entered too: where they are the host's own after all, entering them again does no harm.
    Set<Namespace> namespaces(Set<NamespaceKind> skipped) {
        Set<Namespace> all = EnumSet.noneOf(Namespace.class);
        all.addAll(start.spawn().namespaces());
        List<Step> steps = new ArrayList<>(start.host());
        steps.addAll(start.child());
        for (Step step : steps) {
            switch (step) {
                case Step.Unshare(Set<Namespace> made) -> all.addAll(made);
                case Step.EnterNamespaces(_, Set<Namespace> joined) -> all.addAll(joined);
                default -> {}
            }
        }
        for (NamespaceKind kind : skipped) {
            all.removeIf(namespace -> namespace.file().equals(kind.fileName()));
        }
        return all;
    }

    /// Through the host's proc: the container's could be anything (CVE-2015-1334).
    private static void openLabel(String path, List<Step> host, List<Step> child) {
        host.add(new Step.Open(HOST_PROC, Place.host("/proc"), Step.OpenMode.DIRECTORY));
        child.add(
                new Step.Open(
                        LABEL,
                        Place.in(HOST_PROC, path.substring("/proc/".length())),
                        Step.OpenMode.WRITE));
    }

    private void powers(ExecSpec spec, List<Step> host, List<Step> child) {
        List<Step> last = new ArrayList<>();
        Optional<String> context = spec.special().context().filter(_ -> !spec.isPrivileged());
        context.ifPresent(text -> {
            openLabel("/proc/thread-self/attr/exec", host, child);
            last.add(new Step.WriteFile(Place.slot(LABEL), text, Step.WriteMode.EXISTING));
        });
        for (Step step : start.child()) {
            switch (step) {
                case Step.SetPersonality _ when spec.special().personality().isEmpty() ->
                        child.add(step);
                case Step.Open(_, Place.HostPath(String path), _)
                        when path.contains("/attr/") && context.isEmpty() ->
                        openLabel(path, host, child);
                case Step.WriteFile(Place.InSlot _, String label, Step.WriteMode mode)
                        when !label.equals("0") && context.isEmpty() ->
                        last.add(new Step.WriteFile(Place.slot(LABEL), label, mode));
                case Step.FilterSystemCalls(Blob program, Slot listener)
                        when !listener.isNone() -> {
                    // A command has a filter, and so a listener, of its own.
                    last.add(new Step.FilterSystemCalls(program, LISTENER));
                    last.add(new Step.Keep(LISTENER));
                    last.add(new Step.Close(LISTENER));
                }
                case Step.BoundCapabilities _,
                        Step.ForbidNewPrivileges _,
                        Step.FilterSystemCalls _ ->
                        last.add(step);
                default -> {}
            }
        }
        spec.special()
                .personality()
                .ifPresent(persona -> child.add(new Step.SetPersonality(persona)));
        if (!spec.isPrivileged()) {
            child.addAll(last);
        }
    }
}
