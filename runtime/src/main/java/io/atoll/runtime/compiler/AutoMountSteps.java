package io.atoll.runtime.compiler;

import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.plan.FsOption;
import io.atoll.plan.MountAttribute;
import io.atoll.plan.Place;
import io.atoll.plan.Propagation;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.plan.Tokens;
import io.atoll.runtime.spec.AutoMounts;
import io.atoll.runtime.spec.NamespaceKind;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// `/proc`, `/sys`, `/sys/fs/cgroup` and their protection.
///
/// In a user namespace the kernel protects them by itself: the files belong to the host's root, who
/// is not mapped. Only a privileged container gets read-only mounts over the dangerous parts.
final class AutoMountSteps {
    private static final Set<MountAttribute> STRICT =
            EnumSet.of(MountAttribute.NO_SUID, MountAttribute.NO_DEV, MountAttribute.NO_EXEC);
    private static final Set<MountAttribute> NONE = EnumSet.noneOf(MountAttribute.class);
    private static final Set<MountAttribute> READ_ONLY = EnumSet.of(MountAttribute.READ_ONLY);
    private static final long STRICT_FLAGS = 2 | 4 | 8; // MS_NOSUID | MS_NODEV | MS_NOEXEC
    private static final String BOOT_ID = ".boot_id";

    private final PlanDraft draft;
    private final Slot root;
    private final DevSteps dev;
    private Slot hostProc = Slot.NONE;
    private Slot hostSys = Slot.NONE;
    private final Map<String, Slot> kernelMounts = new LinkedHashMap<>();

    AutoMountSteps(PlanDraft draft, Slot root, DevSteps dev) {
        this.draft = draft;
        this.root = root;
        this.dev = dev;
    }

    /// The kernel mounts proc and sysfs in a user namespace only together with the pid or network
    /// namespace they show; with the host's namespace the container sees the host's mount.
    void host() {
        if (draft.isUnprivileged()
                && !isFresh(NamespaceKind.PID)
                && auto().proc() != AutoMounts.Proc.NONE) {
            hostProc = borrow("/proc");
        }
        if (draft.isUnprivileged()
                && !isFresh(NamespaceKind.NET)
                && auto().sys() != AutoMounts.Sys.NONE) {
            hostSys = borrow("/sys");
        }
        hostKernelMounts();
        if (hasOwnBootId()) {
            Place file = Place.in(dev.dev(), BOOT_ID);
            draft.host.add(new Step.WriteFile(file, Tokens.UUID + "\n", Step.WriteMode.REPLACE));
            draft.host.add(new Step.Chmod(file, 0444));
        }
    }

    /// systemd mounts these where they are missing and counts it as a failure that it may not.
    private void hostKernelMounts() {
        if (!draft.isUnprivileged()) {
            return;
        }
        for (String path : draft.facts.kernelMounts()) {
            boolean isCovered =
                    path.startsWith("/proc")
                            ? auto().proc() == AutoMounts.Proc.NONE || !hostProc.isNone()
                            : auto().sys() == AutoMounts.Sys.NONE || !hostSys.isNone();
            if (!isCovered && !isMountedAnyway(path)) {
                Slot slot = draft.newSlot();
                draft.host.add(
                        new Step.IfPossible(new Step.OpenTree(slot, Place.host(path), true, true)));
                kernelMounts.put(path, slot);
            }
        }
    }

    private boolean isMountedAnyway(String path) {
        return draft.spec.mounts().stream().anyMatch(mount -> mount.target().value().equals(path));
    }

    private void childKernelMounts() {
        kernelMounts.forEach((path, slot) -> {
            draft.child.add(new Step.IfPossible(new Step.AttachMount(slot, Place.in(root, path))));
            draft.child.add(new Step.IfPossible(new Step.Close(slot)));
        });
    }

    private Slot borrow(String path) {
        Slot slot = draft.newSlot();
        draft.host.add(new Step.OpenTree(slot, Place.host(path), true, true));
        draft.host.add(
                new Step.SetMountAttributes(
                        Place.slot(slot), true, NONE, NONE, Propagation.PRIVATE, Slot.NONE));
        return slot;
    }

    private AutoMounts auto() {
        return draft.spec.autoMounts();
    }

    private boolean isFresh(NamespaceKind kind) {
        return draft.spec.namespaces().fresh().contains(kind);
    }

    /// The id is shown by a file of our `/dev`, bound over the kernel's.
    private boolean hasOwnBootId() {
        return auto().hasOwnBootId()
                && dev.isPopulated()
                && auto().proc() != AutoMounts.Proc.NONE
                && hostProc.isNone();
    }

    void proc() {
        if (auto().proc() == AutoMounts.Proc.NONE) {
            return;
        }
        directory("proc", 0555);
        if (hostProc.isNone()) {
            mount("proc", "proc", "proc");
        } else {
            draft.child.add(new Step.AttachMount(hostProc, Place.in(root, "proc")));
        }
        if (auto().proc() == AutoMounts.Proc.MIXED && !draft.isUnprivileged()) {
            Slot net = draft.newSlot();
            draft.child.add(new Step.OpenTree(net, Place.in(root, "proc/sys/net"), true, false));
            protect("proc/sys", false);
            protect("proc/sysrq-trigger", true);
            draft.child.add(new Step.AttachMount(net, Place.in(root, "proc/sys/net")));
            draft.child.add(new Step.Close(net));
        }
    }

    void sys() {
        if (auto().sys() == AutoMounts.Sys.NONE) {
            return;
        }
        directory("sys", 0555);
        if (hostSys.isNone()) {
            mount("sysfs", "sysfs", "sys");
        } else {
            draft.child.add(new Step.AttachMount(hostSys, Place.in(root, "sys")));
        }
        boolean isReadonly =
                switch (auto().sys()) {
                    case NONE, RW -> false;
                    case RO -> true;
                    case MIXED -> !draft.isUnprivileged();
                };
        if (isReadonly) {
            Slot net = draft.newSlot();
            boolean keepsNet = auto().sys() == AutoMounts.Sys.MIXED;
            if (keepsNet) {
                draft.child.add(
                        new Step.OpenTree(
                                net, Place.in(root, "sys/devices/virtual/net"), true, false));
            }
            draft.child.add(
                    new Step.SetMountAttributes(
                            Place.in(root, "sys"),
                            false,
                            READ_ONLY,
                            NONE,
                            Propagation.UNCHANGED,
                            Slot.NONE));
            if (keepsNet) {
                draft.child.add(
                        new Step.AttachMount(net, Place.in(root, "sys/devices/virtual/net")));
                draft.child.add(new Step.Close(net));
            }
        }
    }

    /// Covers a part of the tree by a read-only bind of itself.
    private void protect(String path, boolean isOptional) {
        Slot slot = draft.newSlot();
        List<Step> steps =
                List.of(
                        new Step.OpenTree(slot, Place.in(root, path), true, true),
                        new Step.SetMountAttributes(
                                Place.slot(slot),
                                true,
                                READ_ONLY,
                                NONE,
                                Propagation.UNCHANGED,
                                Slot.NONE),
                        new Step.AttachMount(slot, Place.in(root, path)),
                        new Step.Close(slot));
        steps.forEach(step -> draft.child.add(isOptional ? new Step.IfPossible(step) : step));
    }

    void cgroup() {
        childKernelMounts();
        boolean isV2 = draft.facts.isPureV2();
        switch (auto().cgroup()) {
            case NONE -> {}
            case AUTO -> {
                if (isV2) {
                    unified("sys/fs/cgroup");
                }
            }
            case FORCE -> {
                if (isV2) {
                    unified("sys/fs/cgroup");
                } else {
                    legacy();
                }
            }
        }
    }

    private void unified(String target) {
        mount("cgroup2", "cgroup2", target);
    }

    private void legacy() {
        Slot top = draft.newSlot();
        draft.child.add(
                new Step.NewMount(
                        top,
                        "tmpfs",
                        List.of(
                                FsOption.text("source", "tmpfs"),
                                FsOption.text("mode", "755"),
                                FsOption.text("size", "10m")),
                        STRICT,
                        Step.Owner.CALLER,
                        false));
        draft.child.add(new Step.AttachMount(top, Place.in(root, "sys/fs/cgroup")));
        for (CgroupHierarchy hierarchy : draft.facts.cgroups().hierarchies()) {
            String name =
                    hierarchy.mountPoint().substring(hierarchy.mountPoint().lastIndexOf('/') + 1);
            String target = "sys/fs/cgroup/" + name;
            draft.child.add(new Step.Mkdir(Place.in(root, target), 0755, true));
            if (hierarchy.version() == 2) {
                unified(target);
            } else {
                String options = String.join(",", new java.util.TreeSet<>(hierarchy.controllers()));
                String data = hierarchy.isNamed() ? "none," + options : options;
                draft.child.add(
                        new Step.Mount(
                                "cgroup", Place.in(root, target), "cgroup", STRICT_FLAGS, data));
            }
        }
        draft.child.add(
                new Step.SetMountAttributes(
                        Place.slot(top), false, READ_ONLY, NONE, Propagation.UNCHANGED, Slot.NONE));
        draft.child.add(new Step.Close(top));
    }

    /// After `/dev` is attached: what lives in it or comes from it.
    void afterDev() {
        if (auto().isNestable() && dev.isPopulated()) {
            mount("proc", "proc", "dev/.lxc/proc");
            mount("sysfs", "sys", "dev/.lxc/sys");
        }
        if (hasOwnBootId()) {
            Slot slot = draft.newSlot();
            draft.child.add(new Step.OpenTree(slot, Place.in(dev.dev(), BOOT_ID), true, false));
            draft.child.add(
                    new Step.SetMountAttributes(
                            Place.slot(slot),
                            false,
                            READ_ONLY,
                            NONE,
                            Propagation.UNCHANGED,
                            Slot.NONE));
            draft.child.add(
                    new Step.AttachMount(slot, Place.in(root, "proc/sys/kernel/random/boot_id")));
            // The file stays: CRIU cannot bring back what is mounted of one that is gone.
            draft.child.add(new Step.Close(slot));
        }
    }

    private void directory(String path, int mode) {
        draft.child.add(new Step.IfPossible(new Step.Mkdir(Place.in(root, path), mode, true)));
    }

    private void mount(String type, String source, String target) {
        Slot slot = draft.newSlot();
        draft.child.add(
                new Step.NewMount(
                        slot,
                        type,
                        List.of(FsOption.text("source", source)),
                        STRICT,
                        Step.Owner.CALLER,
                        false));
        draft.child.add(new Step.AttachMount(slot, Place.in(root, target)));
        draft.child.add(new Step.Close(slot));
    }
}
