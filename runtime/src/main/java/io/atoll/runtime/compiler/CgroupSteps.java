package io.atoll.runtime.compiler;

import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.plan.Blob;
import io.atoll.plan.Namespace;
import io.atoll.plan.Place;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.plan.Tokens;
import io.atoll.runtime.spec.CgroupSpec;
import io.atoll.runtime.spec.DeviceRule;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.TreeSet;

/// The cgroups of a container: a directory in every hierarchy, made before the child exists. The
/// child enters those of version 1 itself by writing `0` to `tasks`, and is born in that of version
/// 2; moving a process by its pid costs the kernel a hundred times as much. Whoever is not the
/// host's root may move only processes of the same user, which the child is none any more: there
/// the process that makes the child enters, and the child is born inside.
final class CgroupSteps {
    private static final int REMOVE_MILLIS = 5_000;
    private static final int STALE_MILLIS = 1_000;
    private static final String PROCESSES = "/cgroup.procs";

    private final PlanDraft draft;
    private final String path;
    private final List<Slot> tasks = new ArrayList<>();
    private Slot unified = Slot.NONE;

    CgroupSteps(PlanDraft draft) {
        this.draft = draft;
        this.path = draft.spec.cgroup().path();
    }

    /// The directory that clone puts the child into, or [Slot#NONE].
    Slot unifiedSlot() {
        return unified;
    }

    /// The monitor's own, which it enters itself. Who ends it cannot be inside: the monitor is
    /// moved out first, as is the process that removes the directory.
    void monitor() {
        if (draft.spec.cgroup().monitor().isEmpty()) {
            return;
        }
        CgroupSpec.Monitor own = draft.spec.cgroup().monitor().get();
        for (CgroupHierarchy hierarchy : draft.facts.cgroups().hierarchies()) {
            String directory = HostFacts.directory(hierarchy, own.path());
            makeAll(draft.monitor, hierarchy, own.path());
            draft.monitor.add(write(directory + PROCESSES, "0"));
            makeAll(draft.gone, hierarchy, own.pivot());
            String pivot = HostFacts.directory(hierarchy, own.pivot());
            draft.gone.add(write(pivot + PROCESSES, "0"));
            draft.gone.add(write(pivot + PROCESSES, Tokens.MONITOR_PID));
            draft.gone.add(new Step.RemoveTree(Place.host(directory), REMOVE_MILLIS));
        }
    }

    private void makeAll(List<Step> section, CgroupHierarchy hierarchy, String path) {
        for (int end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
            String part = end < 0 ? path : path.substring(0, end);
            String directory = HostFacts.directory(hierarchy, part);
            section.add(new Step.Mkdir(Place.host(directory), 0755, true));
            cpuset(section, hierarchy, directory);
            if (end < 0) {
                return;
            }
        }
    }

    void host() {
        for (CgroupHierarchy hierarchy : draft.facts.cgroups().hierarchies()) {
            parents(hierarchy);
            leaf(hierarchy);
        }
        for (CgroupWrite write : CgroupWrite.of(draft.spec.limits(), draft.facts.cgroups())) {
            Step step = write(write.path(path), write.value());
            draft.host.add(write.isOptional() ? new Step.IfPossible(step) : step);
        }
        devices();
        for (CgroupHierarchy hierarchy : draft.facts.cgroups().hierarchies()) {
            entrance(hierarchy);
        }
    }

    /// Where the container is in each hierarchy, as CRIU wants to be told.
    static List<String> roots(PlanDraft draft) {
        List<String> out = new ArrayList<>();
        for (CgroupHierarchy hierarchy : draft.facts.cgroups().hierarchies()) {
            String place =
                    HostFacts.directory(hierarchy, draft.spec.cgroup().path())
                            .substring(hierarchy.mountPoint().length());
            if (hierarchy.version() == 1) {
                out.add(String.join(",", hierarchy.controllers()) + ":" + place);
            } else if (draft.facts.isPureV2()) {
                out.add(place);
            }
        }
        return out;
    }

    private void parents(CgroupHierarchy hierarchy) {
        enableControllers(hierarchy, HostFacts.directory(hierarchy, "/"));
        for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
            String directory = HostFacts.directory(hierarchy, path.substring(0, slash));
            draft.host.add(new Step.Mkdir(Place.host(directory), 0755, true));
            cpuset(draft.host, hierarchy, directory);
            enableControllers(hierarchy, directory);
        }
    }

    /// A directory left by a monitor that was killed has old limits in it and is made anew.
    private void leaf(CgroupHierarchy hierarchy) {
        String directory = HostFacts.directory(hierarchy, path);
        draft.host.add(new Step.RemoveTree(Place.host(directory), STALE_MILLIS));
        draft.host.add(new Step.Mkdir(Place.host(directory), 0755, false));
        cpuset(draft.host, hierarchy, directory);
        if (draft.spec.cgroup().isDelegated() && draft.isUnprivileged()) {
            delegate(hierarchy, directory);
        }
        draft.gone.add(new Step.RemoveTree(Place.host(directory), REMOVE_MILLIS));
    }

    /// On version 1 a new cpuset is empty and lets nobody in; its children are to inherit instead.
    private void cpuset(List<Step> section, CgroupHierarchy hierarchy, String directory) {
        if (hierarchy.version() == 1 && hierarchy.controllers().contains("cpuset")) {
            section.add(new Step.IfPossible(write(directory + "/cgroup.clone_children", "1")));
            section.add(write(directory + "/cpuset.cpus", draft.facts.cpus()));
            section.add(write(directory + "/cpuset.mems", draft.facts.mems()));
        }
    }

    /// One write each: a write of several is refused as a whole when one of them is.
    private void enableControllers(CgroupHierarchy hierarchy, String directory) {
        if (hierarchy.version() == 1 || !draft.facts.isPureV2()) {
            return;
        }
        TreeSet<String> wanted = new TreeSet<>(hierarchy.controllers());
        wanted.retainAll(HostFacts.V2_CONTROLLERS);
        for (String controller : wanted) {
            draft.host.add(
                    new Step.IfPossible(
                            write(directory + "/cgroup.subtree_control", "+" + controller)));
        }
    }

    private void delegate(CgroupHierarchy hierarchy, String directory) {
        long uid = draft.hostUid(0);
        long gid = draft.hostGid(0);
        draft.host.add(new Step.Chown(Place.host(directory), uid, gid));
        List<String> files =
                hierarchy.version() == 1
                        ? List.of("tasks", "cgroup.procs")
                        : draft.facts.delegatedFiles();
        for (String file : files) {
            Step step = new Step.Chown(Place.host(directory + "/" + file), uid, gid);
            // The kernel's list names files of controllers that may be off here.
            draft.host.add(
                    file.startsWith("cgroup.") || file.equals("tasks")
                            ? step
                            : new Step.IfPossible(step));
        }
    }

    private void devices() {
        List<DeviceRule> rules = draft.spec.devices().rules();
        if (rules.isEmpty()) {
            return;
        }
        draft.facts
                .cgroups()
                .controller("devices")
                .filter(h -> h.version() == 1)
                .ifPresent(hierarchy -> {
                    String directory = HostFacts.directory(hierarchy, path);
                    for (DeviceRule rule : rules) {
                        String file = rule.isAllowed() ? "/devices.allow" : "/devices.deny";
                        draft.host.add(write(directory + file, rule.render()));
                    }
                });
    }

    private void entrance(CgroupHierarchy hierarchy) {
        String directory = HostFacts.directory(hierarchy, path);
        Slot slot = draft.newSlot();
        if (hierarchy.version() == 2) {
            unified = slot;
            draft.host.add(new Step.Open(slot, Place.host(directory), Step.OpenMode.DIRECTORY));
            // The kernel takes such programs from the host's root only; a plain user has no devices
            // to be kept from.
            if (draft.facts.isPureV2()
                    && draft.facts.isHostRoot()
                    && !draft.spec.devices().rules().isEmpty()) {
                byte[] program = DeviceFilter.compile(draft.spec.devices().rules());
                draft.host.add(new Step.FilterDevices(slot, Blob.of(program)));
            }
        } else {
            tasks.add(slot);
            draft.host.add(
                    new Step.Open(slot, Place.host(directory + "/tasks"), Step.OpenMode.WRITE));
            if (!draft.facts.isHostRoot()) {
                draft.host.add(enter(slot));
            }
        }
    }

    private static Step enter(Slot tasks) {
        return new Step.WriteFile(Place.slot(tasks), "0", Step.WriteMode.EXISTING);
    }

    /// The cgroup namespace comes after the entry, so that the container's cgroup is its `/`.
    void child() {
        for (Slot slot : tasks) {
            if (draft.facts.isHostRoot()) {
                draft.child.add(enter(slot));
            }
            draft.child.add(new Step.Close(slot));
        }
        if (draft.spec.namespaces().fresh().contains(io.atoll.runtime.spec.NamespaceKind.CGROUP)) {
            draft.child.add(new Step.Unshare(EnumSet.of(Namespace.CGROUP)));
        }
    }

    private static Step write(String file, String value) {
        return new Step.WriteFile(Place.host(file), value, Step.WriteMode.EXISTING);
    }
}
