package io.atoll.runtime.compiler;

import io.atoll.base.IdmapEntry;
import io.atoll.plan.Blob;
import io.atoll.plan.CloneSpec;
import io.atoll.plan.Init;
import io.atoll.plan.MonitorOptions;
import io.atoll.plan.MountAttribute;
import io.atoll.plan.Namespace;
import io.atoll.plan.Place;
import io.atoll.plan.PlanLimits;
import io.atoll.plan.Propagation;
import io.atoll.plan.Slot;
import io.atoll.plan.StartPlan;
import io.atoll.plan.Stdio;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.Capability;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.HookSpec.Phase;
import io.atoll.runtime.spec.InitSpec;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.NamespaceSpec;
import io.atoll.runtime.spec.Rlimit;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.runtime.spec.SecuritySpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Turns a container into the steps that start it. Pure, apart from the fresh names of [LinkNames].
///
/// The order, and why: *host* makes everything that can be made without the child, detached. *gate*
/// runs beside the child and gives it its network. *child* enters its cgroups first, so that all it
/// uses is accounted; puts the root on top of its `/`, where there is always room; mounts the rest
/// below; moves into it; waits for the gate; and gives up its powers last.
public final class PlanCompiler {
    private static final int UMASK = 022;
    private static final int START_MILLIS = 60_000;
    private static final int SIGKILL = 9;
    private static final Set<MountAttribute> NONE = EnumSet.noneOf(MountAttribute.class);
    private static final Place TOP = Place.host("/");

    private final HostFacts facts;
    private final FilterCompiler filters;
    private final LinkNames names;

    public PlanCompiler(HostFacts facts, FilterCompiler filters, LinkNames names) {
        this.facts = facts;
        this.filters = filters;
        this.names = names;
    }

    /// The plan.
    ///
    /// @param waitAtGate true if somebody wants to do something between *gate* and init
    /// @throws io.atoll.base.InvalidConfigException if the spec contradicts itself
    /// @throws io.atoll.base.UnsupportedException if this host cannot do it
    public StartPlan compile(ContainerSpec spec, MonitorFiles files, boolean waitAtGate) {
        return compile(spec, files, waitAtGate, Given.NOTHING);
    }

    /// As [#compile(ContainerSpec,MonitorFiles,boolean)] for a requester that fills some slots.
    public StartPlan compile(
            ContainerSpec spec, MonitorFiles files, boolean waitAtGate, Given given) {
        return compile(spec, files, waitAtGate, given, Optional.empty());
    }

    /// As [#compile(ContainerSpec,MonitorFiles,boolean,Given)].
    ///
    /// @param restore what its first life begins from, if not from its init
    public StartPlan compile(
            ContainerSpec spec,
            MonitorFiles files,
            boolean waitAtGate,
            Given given,
            Optional<CriuRestore> restore) {
        return new Compilation(
                        new PlanDraft(spec, facts, given.slotCount()), filters, names, given, files)
                .run(waitAtGate, restore);
    }

    /// What a requester sends along with a plan.
    ///
    /// @param hasUserNamespace a user namespace of the spec's idmap, which saves making one
    /// @param hasStdio three descriptors for the first program instead of the console
    public record Given(boolean hasUserNamespace, boolean hasStdio) {
        /// Nothing.
        public static final Given NOTHING = new Given(false, false);

        private int slotCount() {
            return (hasUserNamespace ? 1 : 0) + (hasStdio ? 3 : 0);
        }

        /// Where the user namespace goes, or [Slot#NONE].
        public Slot userNamespace() {
            return hasUserNamespace ? Slot.of(0) : Slot.NONE;
        }

        /// Where stdin (0), stdout (1) and stderr (2) go.
        public Slot stdio(int stream) {
            return Slot.of(stream + (hasUserNamespace ? 1 : 0));
        }
    }

    private static final class Compilation {
        private final PlanDraft draft;
        private final ContainerSpec spec;
        private final FilterCompiler filters;
        private final IdmapSlot idmap;
        private final RootSteps rootfs;
        private final Slot root;
        private final DevSteps dev;
        private final AutoMountSteps auto;
        private final MountSteps mounts;
        private final CgroupSteps cgroups;
        private final NicSteps nics;

        private final Given given;
        private final MonitorFiles files;

        Compilation(
                PlanDraft draft,
                FilterCompiler filters,
                LinkNames names,
                Given given,
                MonitorFiles files) {
            this.draft = draft;
            this.files = files;
            this.given = given;
            this.spec = draft.spec;
            this.filters = filters;
            idmap = new IdmapSlot(draft, given.userNamespace());
            rootfs = new RootSteps(draft, idmap);
            root = rootfs.root();
            dev = new DevSteps(draft, root);
            auto = new AutoMountSteps(draft, root, dev);
            mounts = new MountSteps(draft, root, idmap);
            cgroups = new CgroupSteps(draft);
            nics = new NicSteps(draft, names);
        }

        StartPlan run(boolean waitAtGate, Optional<CriuRestore> restore) {
            Slot outlet = outlet();
            spec.process()
                    .monitorTitle()
                    .ifPresent(title ->
                            draft.monitor.add(
                                    new Step.ShowTitle(
                                            title.process(), title.kind(), title.name())));
            if (spec.process().isMonitorUnshared()) {
                draft.monitor.add(new Step.Unshare(EnumSet.of(Namespace.MOUNT)));
                draft.monitor.add(propagation(TOP, Propagation.SLAVE));
            }
            cgroups.monitor();
            host();
            gate();
            child();
            gone();
            dev.adopt();
            return new StartPlan(
                    spec.id(),
                    options(waitAtGate, restore.isPresent(), outlet),
                    draft.monitor,
                    draft.host,
                    cloneSpec(),
                    draft.gate,
                    draft.child,
                    init(),
                    draft.gone,
                    draft.adopt,
                    restore.map(this::restored).orElse(List.of()));
        }

        private List<Step> restored(CriuRestore from) {
            PlanDraft life = new PlanDraft(spec, draft.facts, given.slotCount());
            return new RestoreSteps(life, given.userNamespace(), from).steps(nics.links());
        }

        /// Opened by the monitor itself, so that one that takes over opens it again.
        private Slot outlet() {
            if (spec.console().outlet().isEmpty()) {
                return Slot.NONE;
            }
            Slot slot = draft.newSlot();
            Place file = Place.host(spec.console().outlet().get().toString());
            draft.monitor.add(new Step.Open(slot, file, Step.OpenMode.APPEND));
            return slot;
        }

        private void host() {
            hooks(draft.host, Phase.PRE_START);
            spec.security()
                    .profile()
                    .ifPresent(profile -> draft.host.addAll(ProfileSteps.load(profile)));
            if (draft.facts.isChrooted()) {
                leaveChroot();
            } else if (!draft.facts.hasDetachedLayers()) {
                // What is attached from here on is seen by nobody else and dies with the starter
                // and the child.
                draft.host.add(new Step.Unshare(EnumSet.of(Namespace.MOUNT)));
                draft.host.add(
                        propagation(
                                TOP,
                                mounts.followTheHost() ? Propagation.SLAVE : Propagation.PRIVATE));
            }
            // Layers that are attached on top of themselves would be in the way of what is below.
            boolean areLayersHidden = draft.facts.hasDetachedLayers();
            if (!areLayersHidden) {
                mounts.host();
            }
            rootfs.host();
            dev.host();
            auto.host();
            if (areLayersHidden) {
                mounts.host();
            }
            cgroups.host();
            timeOffsets();
            joined();
        }

        /// Makes what the chroot shows the root of a mount namespace, all paths staying what they
        /// are. Entering a mount namespace, even the own one, goes to its root, from where the rest
        /// is an ordinary pivot_root.
        private void leaveChroot() {
            Slot top = draft.newSlot();
            Slot namespace = draft.newSlot();
            draft.host.add(new Step.OpenTree(top, TOP, true, true));
            draft.host.add(new Step.Unshare(EnumSet.of(Namespace.MOUNT)));
            draft.host.add(
                    new Step.Open(namespace, Place.host("/proc/self/ns/mnt"), Step.OpenMode.READ));
            draft.host.add(new Step.EnterNamespaces(namespace, EnumSet.of(Namespace.MOUNT)));
            draft.host.add(new Step.Close(namespace));
            draft.host.add(propagation(TOP, Propagation.PRIVATE));
            draft.host.add(new Step.AttachMount(top, TOP));
            draft.host.add(new Step.PivotRoot(top));
            draft.host.add(new Step.Close(top));
        }

        private void timeOffsets() {
            spec.namespaces()
                    .timeOffsets()
                    .ifPresent(offsets -> {
                        draft.host.add(new Step.Unshare(EnumSet.of(Namespace.TIME)));
                        String text =
                                "monotonic "
                                        + seconds(offsets.monotonicNanos())
                                        + "\nboottime "
                                        + seconds(offsets.bootNanos())
                                        + "\n";
                        draft.host.add(
                                new Step.WriteFile(
                                        Place.host("/proc/self/timens_offsets"),
                                        text,
                                        Step.WriteMode.EXISTING));
                    });
        }

        private static String seconds(long nanos) {
            return Math.floorDiv(nanos, 1_000_000_000L)
                    + " "
                    + Math.floorMod(nanos, 1_000_000_000L);
        }

        /// Others' namespaces; the user namespace first, because it gives the right to enter the
        /// others.
        private void joined() {
            Map<NamespaceKind, Path> joined = new TreeMap<>(spec.namespaces().joined());
            Map<NamespaceKind, Slot> slots = new TreeMap<>();
            joined.forEach((kind, path) -> {
                Slot slot = draft.newSlot();
                slots.put(kind, slot);
                draft.host.add(
                        new Step.Open(slot, Place.host(path.toString()), Step.OpenMode.READ));
            });
            slots.forEach((kind, slot) ->
                    draft.host.add(new Step.EnterNamespaces(slot, EnumSet.of(namespace(kind)))));
        }

        private CloneSpec cloneSpec() {
            NamespaceSpec namespaces = spec.namespaces();
            Set<Namespace> fresh = EnumSet.noneOf(Namespace.class);
            namespaces.fresh().forEach(kind -> fresh.add(namespace(kind)));
            fresh.remove(Namespace.CGROUP);
            fresh.remove(Namespace.TIME);
            boolean joinsUser = namespaces.joined().containsKey(NamespaceKind.USER);
            if (!draft.isUnprivileged() || joinsUser) {
                return new CloneSpec(fresh, "", "", cgroups.unifiedSlot(), Slot.NONE);
            }
            fresh.add(Namespace.USER);
            return new CloneSpec(
                    fresh,
                    spec.idmap().render(IdmapEntry.Kind.UID),
                    spec.idmap().render(IdmapEntry.Kind.GID),
                    cgroups.unifiedSlot(),
                    Slot.NONE);
        }

        private void gate() {
            nics.gate();
            for (Rlimit limit : spec.process().rlimits()) {
                draft.gate.add(
                        new Step.SetResourceLimit(
                                true, limit.resource().number(), limit.soft(), limit.hard()));
            }
            spec.process()
                    .oomScoreAdj()
                    .ifPresent(score ->
                            draft.gate.add(proc("oom_score_adj", Integer.toString(score))));
            new TreeMap<>(spec.process().proc())
                    .forEach((name, value) -> draft.gate.add(proc(name, value)));
            List<Step> hooks = HookSteps.of(draft, Phase.START_HOST);
            if (!hooks.isEmpty()) {
                // They are told that the container is set up; the rest of this section is quicker
                // beside it.
                draft.gate.add(new Step.AwaitChild());
                draft.gate.addAll(hooks);
            }
        }

        private static Step proc(String name, String value) {
            return new Step.WriteFile(Place.childProc(name), value, Step.WriteMode.EXISTING);
        }

        private void child() {
            rootfs.child();
            cgroups.child();
            if (isFresh(NamespaceKind.UTS)) {
                draft.child.add(new Step.SetHostname(spec.hostname()));
            }
            if (spec.security().hasOwnKeyring()) {
                keyring();
            }
            // Before anything is mounted: what is mounted on a shared `/` would show up on the
            // host.
            draft.child.add(propagation(TOP, Propagation.PRIVATE));
            hooks(draft.child, Phase.PRE_MOUNT);
            Slot label = openLabel();
            draft.child.add(new Step.AttachMount(root, rootPlace()));
            auto.proc();
            auto.sys();
            auto.cgroup();
            dev.attach();
            auto.afterDev();
            mounts.child();
            hooks(draft.child, Phase.MOUNT);
            hooks(draft.child, Phase.AUTODEV);
            dev.terminals();
            draft.child.add(new Step.PivotRoot(root));
            // systemd inside wants its root to be shared, as on a host.
            draft.child.add(propagation(TOP, Propagation.SHARED));
            mounts.afterPivot();
            draft.child.add(new Step.AwaitGate());
            nics.child();
            sysctls();
            powers(label);
        }

        /// Its context is that of the container, unless another one is named; keyctl(2).
        private void keyring() {
            boolean isLabelled =
                    draft.facts.lsm().filter(HostFacts.Lsm.SELINUX::equals).isPresent();
            Optional<String> label =
                    spec.security().keyringLabel().or(() -> spec.security().label());
            if (isLabelled && label.isPresent()) {
                Place file = Place.host("/proc/thread-self/attr/keycreate");
                draft.child.add(new Step.WriteFile(file, label.get(), Step.WriteMode.EXISTING));
            }
            // Kernels without keyrings say ENOSYS.
            draft.child.add(new Step.IfPossible(new Step.NewSessionKeyring()));
        }

        /// A hook that works on the mounted root needs a path to it and says so in its environment,
        /// as liblxc's do; otherwise the root goes on top of `/`.
        private Place rootPlace() {
            return spec.hooks().stream()
                    .filter(hook -> isInChild(hook.phase()))
                    .map(hook -> hook.env().get("LXC_ROOTFS_MOUNT"))
                    .filter(path -> path != null && path.startsWith("/"))
                    .findFirst()
                    .map(Place::host)
                    .orElse(TOP);
        }

        private static boolean isInChild(Phase phase) {
            return phase == Phase.PRE_MOUNT || phase == Phase.MOUNT || phase == Phase.AUTODEV;
        }

        private static Step propagation(Place at, Propagation propagation) {
            return new Step.SetMountAttributes(at, true, NONE, NONE, propagation, Slot.NONE);
        }

        private void sysctls() {
            new TreeMap<>(spec.process().sysctls())
                    .forEach((name, value) ->
                            draft.child.add(
                                    new Step.WriteFile(
                                            Place.in(root, "proc/sys/" + sysctlPath(name)),
                                            value,
                                            Step.WriteMode.EXISTING)));
        }

        /// With a slash in it, dots are part of a name, as in `net/ipv4/conf/eth0.1/forwarding`;
        /// sysctl(8).
        private static String sysctlPath(String name) {
            return name.indexOf('/') >= 0 ? name : name.replace('.', '/');
        }

        /// The label is written through the host's `/proc`, opened before the container's own could
        /// be in the way (CVE-2015-1334), and takes effect at exec. AppArmor forgets at such an
        /// exec which signal init gets when its parent dies, so the label is then taken just
        /// before.
        private Slot openLabel() {
            if (spec.security().label().isEmpty() || draft.facts.lsm().isEmpty()) {
                return Slot.NONE;
            }
            Slot slot = draft.newSlot();
            String file =
                    switch (draft.facts.lsm().get()) {
                        case APPARMOR ->
                                "/proc/thread-self/attr/apparmor/"
                                        + (isLabelledBeforeExec() ? "current" : "exec");
                        case SELINUX -> "/proc/thread-self/attr/exec";
                    };
            draft.child.add(new Step.Open(slot, Place.host(file), Step.OpenMode.WRITE));
            return slot;
        }

        private boolean isAppArmor() {
            return draft.facts.lsm().filter(HostFacts.Lsm.APPARMOR::equals).isPresent();
        }

        private boolean isLabelledBeforeExec() {
            return isAppArmor() && spec.process().monitorDeathSignal().isPresent();
        }

        private void takeLabel(Slot file) {
            String verb = isLabelledBeforeExec() ? "changeprofile " : isAppArmor() ? "exec " : "";
            draft.child.add(
                    new Step.WriteFile(
                            Place.slot(file),
                            verb + spec.security().label().orElse(""),
                            Step.WriteMode.EXISTING));
        }

        private void powers(Slot label) {
            SecuritySpec security = spec.security();
            spec.process()
                    .personality()
                    .ifPresent(persona -> draft.child.add(new Step.SetPersonality(persona)));
            if (spec.process().isAloneOnCores()) {
                draft.child.add(new Step.ShareCores());
            }
            hooks(draft.child, Phase.START);
            if (!label.isNone() && !isLabelledBeforeExec()) {
                takeLabel(label);
            }
            if (security.bounding().size() < Capability.values().length) {
                draft.child.add(new Step.BoundCapabilities(mask(security)));
            }
            if (security.isNoNewPrivs()) {
                draft.child.add(new Step.ForbidNewPrivileges());
            }
            spec.process()
                    .monitorDeathSignal()
                    .ifPresent(signal -> draft.child.add(new Step.SetParentDeathSignal(signal)));
            SeccompSpec filter = security.filter();
            if (!filter.isNone()) {
                // The monitor holds the listener, so that the calls wait for us while we are
                // restarted.
                boolean isAsked = filter.asksAnybody();
                Slot listener = isAsked ? draft.newSlot() : Slot.NONE;
                draft.child.add(
                        new Step.FilterSystemCalls(Blob.of(filters.compile(filter)), listener));
                if (isAsked) {
                    draft.child.add(keep(security, listener));
                    draft.child.add(new Step.Close(listener));
                }
            }
            if (!label.isNone() && isLabelledBeforeExec()) {
                // What was set above may need more than the profile allows.
                takeLabel(label);
            }
        }

        /// Calls that a profile asks about and nobody is named for wait for no one, unless somebody
        /// takes the listener.
        private Step keep(SecuritySpec security, Slot listener) {
            boolean isOurs = !security.interceptions().isEmpty();
            int patience = isOurs ? (int) security.patience().toMillis() : 1;
            return security.asked()
                    .<Step>map(by -> new Step.ForwardCalls(listener, by.socket(), by.cookie()))
                    .orElseGet(
                            () -> new Step.KeepCalls(listener, patience, files.calls().toString()));
        }

        private static long mask(SecuritySpec security) {
            return security.bounding().stream()
                    .mapToLong(Capability::bit)
                    .reduce(0, (a, b) -> a | b);
        }

        /// Network first, while the namespaces are held; cgroups once nothing is in them.
        private void gone() {
            List<Step> cleanup = List.copyOf(draft.gone);
            draft.gone.clear();
            hooks(draft.gone, Phase.STOP);
            cleanup.stream()
                    .filter(step -> !(step instanceof Step.RemoveTree))
                    .forEach(draft.gone::add);
            cleanup.stream().filter(Step.RemoveTree.class::isInstance).forEach(draft.gone::add);
            spec.security()
                    .profile()
                    .ifPresent(profile -> draft.gone.addAll(ProfileSteps.remove(profile)));
            hooks(draft.gone, Phase.POST_STOP);
        }

        private Init init() {
            InitSpec init = spec.init();
            List<String> environment = new ArrayList<>(HookSteps.environment(init.env()));
            if (!dev.ttyNames().isEmpty()) {
                environment.add("container_ttys=" + String.join(" ", dev.ttyNames()));
            }
            Stdio stdio =
                    given.hasStdio()
                            ? new Stdio.Descriptors(given.stdio(0), given.stdio(1), given.stdio(2))
                            : dev.stdio();
            return new Init(
                    init.argv(),
                    environment,
                    init.cwd(),
                    init.uid(),
                    init.gid(),
                    init.groups(),
                    UMASK,
                    true,
                    stdio);
        }

        private MonitorOptions options(boolean waitAtGate, boolean isRestored, Slot outlet) {
            return new MonitorOptions(
                    files.socket().toString(),
                    files.record().toString(),
                    files.exit().toString(),
                    spec.console().log().map(Path::toString).orElse(""),
                    spec.console().logBytesMax(),
                    spec.console().bufferBytes(),
                    spec.isRebooted()
                            ? MonitorOptions.OnReboot.RERUN
                            : MonitorOptions.OnReboot.REPORT,
                    waitAtGate,
                    false,
                    false,
                    startMillis(isRestored),
                    spec.signals().stop().orElse(SIGKILL),
                    outlet);
        }

        /// Hooks have their own limits, which come on top.
        private int startMillis(boolean isRestored) {
            long hooks = isRestored ? RestoreSteps.LIMIT.toMillis() : 0;
            hooks +=
                    spec.hooks().stream()
                            .filter(h -> h.phase() != Phase.STOP && h.phase() != Phase.POST_STOP)
                            .mapToLong(h -> h.timeout().toMillis())
                            .sum();
            hooks +=
                    spec.network().nics().stream()
                            .flatMap(nic -> nic.upHooks().stream())
                            .mapToLong(h -> h.timeout().toMillis())
                            .sum();
            return (int) Math.min(START_MILLIS + hooks, PlanLimits.TIMEOUT_MILLIS_MAX);
        }

        private boolean isFresh(NamespaceKind kind) {
            return spec.namespaces().fresh().contains(kind);
        }

        private void hooks(List<Step> section, HookSpec.Phase phase) {
            section.addAll(HookSteps.of(draft, phase));
        }

        private static Namespace namespace(NamespaceKind kind) {
            return switch (kind) {
                case USER -> Namespace.USER;
                case MNT -> Namespace.MOUNT;
                case PID -> Namespace.PID;
                case NET -> Namespace.NETWORK;
                case UTS -> Namespace.UTS;
                case IPC -> Namespace.IPC;
                case CGROUP -> Namespace.CGROUP;
                case TIME -> Namespace.TIME;
            };
        }
    }
}
