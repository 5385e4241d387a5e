package io.atoll.runtime.compiler;

import io.atoll.plan.FsOption;
import io.atoll.plan.MountAttribute;
import io.atoll.plan.Place;
import io.atoll.plan.Propagation;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.plan.Tokens;
import io.atoll.runtime.spec.Interception;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.RootfsSpec.Layer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// The root file system as a detached mount, which the host's mount table never sees.
final class RootSteps {
    private static final Set<MountAttribute> NO_ATTRIBUTES = EnumSet.noneOf(MountAttribute.class);

    /// A value of fsconfig(2) has at most 255 bytes; more layers need `lowerdir+` of Linux 6.8.
    private static final int LOWERDIR_LAYERS_MAX = 12;

    private static final String PIN = ".atoll-in-use";

    private final PlanDraft draft;
    private final IdmapSlot idmap;
    private final Slot root;
    private final List<Slot> spent = new ArrayList<>();

    RootSteps(PlanDraft draft, IdmapSlot idmap) {
        this.draft = draft;
        this.idmap = idmap;
        this.root = draft.newSlot();
    }

    Slot root() {
        return root;
    }

    void host() {
        switch (draft.spec.rootfs()) {
            case RootfsSpec.Directory directory -> directory(directory);
            case RootfsSpec.Overlay overlay -> overlay(overlay);
            case RootfsSpec.Volume volume -> volume(volume);
        }
    }

    /// What the child has no use for.
    void child() {
        spent.forEach(slot -> draft.child.add(new Step.Close(slot)));
    }

    private void directory(RootfsSpec.Directory directory) {
        Layer layer = directory.layer();
        pin(layer);
        // Mounts below the directory belong to the rootfs, unless ids are shifted: not every one of
        // them could be.
        open(root, layer, !layer.isShifted());
        Set<MountAttribute> attributes = rootAttributes(directory);
        if (!attributes.isEmpty()) {
            draft.host.add(attributes(root, attributes, Slot.NONE));
        }
    }

    /// An image may hold device nodes that its maker chose; an unprivileged container could not
    /// have made them itself, unless it is to. Those it is not to use its cgroup refuses.
    private Set<MountAttribute> rootAttributes(RootfsSpec rootfs) {
        Set<MountAttribute> set = EnumSet.noneOf(MountAttribute.class);
        set.addAll(rootfs.attributes());
        if (rootfs.isReadonly()) {
            set.add(MountAttribute.READ_ONLY);
        }
        boolean makesDevices = draft.spec.security().interceptions().contains(Interception.MKNOD);
        if (draft.isUnprivileged() && !makesDevices) {
            set.add(MountAttribute.NO_DEV);
        }
        return set;
    }

    private void volume(RootfsSpec.Volume volume) {
        Slot device = draft.newSlot();
        Place source = Place.host(volume.source().path().toString());
        draft.host.add(
                volume.isFile()
                        ? new Step.AttachLoop(device, source, volume.isReadonly(), 0, 0)
                        : new Step.Open(
                                device,
                                source,
                                volume.isReadonly()
                                        ? Step.OpenMode.READ
                                        : Step.OpenMode.READ_WRITE));
        List<FsOption> options = new ArrayList<>();
        options.add(FsOption.text("source", Tokens.pathOf(device)));
        if (volume.isReadonly()) {
            options.add(FsOption.flag("ro"));
        }
        volume.options().forEach(option -> options.add(option(option)));
        draft.host.add(
                new Step.NewMount(
                        root,
                        volume.fsType(),
                        options,
                        rootAttributes(volume),
                        Step.Owner.CALLER,
                        !volume.isReadonly()));
        draft.host.add(new Step.Close(device));
        if (volume.source().isShifted() && draft.isUnprivileged()) {
            draft.host.add(attributes(root, NO_ATTRIBUTES, idmap.slot()));
        }
    }

    private static FsOption option(String option) {
        int equals = option.indexOf('=');
        return equals < 0
                ? FsOption.flag(option)
                : FsOption.text(option.substring(0, equals), option.substring(equals + 1));
    }

    /// A privileged container could remount the host's file system read-only from inside; the
    /// kernel refuses that while a file on it is open for writing.
    private void pin(Layer layer) {
        if (draft.isUnprivileged()) {
            return;
        }
        Slot pin = draft.newSlot();
        Place file = Place.host(layer.path() + "/" + PIN);
        draft.host.add(
                new Step.IfPossible(new Step.MakeNode(file, Step.NodeType.FILE, 0600, 0, 0, true)));
        draft.host.add(new Step.IfPossible(new Step.Open(pin, file, Step.OpenMode.READ_WRITE)));
        draft.host.add(new Step.IfPossible(new Step.Remove(file, false)));
        draft.host.add(new Step.IfPossible(new Step.Keep(pin)));
    }

    private void overlay(RootfsSpec.Overlay overlay) {
        List<String> lowers = new ArrayList<>();
        List<Slot> layers = new ArrayList<>();
        List<String> paths = new ArrayList<>();
        for (Layer layer : overlay.lowers()) {
            paths.add(layer.path().toString());
            Slot slot = draft.newSlot();
            open(slot, layer, false);
            layers.add(slot);
            lowers.add(Tokens.pathOf(slot));
        }
        Slot writable = draft.newSlot();
        open(writable, overlay.writable(), false);
        layers.add(writable);
        paths.add(overlay.writable().path().toString());
        if (!draft.facts.hasDetachedLayers()) {
            // Each on top of itself, a directory that is sure to be there. On top of `/` the kernel
            // would take us to live in
            // a chroot and refuse the user namespace.
            for (int i = 0; i < layers.size(); i++) {
                draft.host.add(new Step.AttachMount(layers.get(i), Place.host(paths.get(i))));
            }
        }
        draft.host.add(
                new Step.NewMount(
                        root,
                        "overlay",
                        options(overlay, lowers, writable),
                        rootAttributes(overlay),
                        owner(overlay.writable()),
                        !overlay.isReadonly()));
        // With the last descriptor of a detached mount the kernel waits for all processors: the
        // child lets go of it at once, and the starter by its end, which nobody waits for.
        spent.addAll(layers);
    }

    private static List<FsOption> options(
            RootfsSpec.Overlay overlay, List<String> lowers, Slot writable) {
        List<FsOption> options = new ArrayList<>();
        options.add(FsOption.text("source", "overlay"));
        if (lowers.size() <= LOWERDIR_LAYERS_MAX) {
            options.add(FsOption.text("lowerdir", String.join(":", lowers)));
        } else {
            lowers.forEach(layer -> options.add(FsOption.text("lowerdir+", layer)));
        }
        options.add(FsOption.text("upperdir", Tokens.pathOf(writable) + "/" + overlay.upper()));
        options.add(FsOption.text("workdir", Tokens.pathOf(writable) + "/" + overlay.work()));
        overlay.options().forEach(option -> options.add(option(option)));
        return options;
    }

    /// With a shifted upper layer the mounter has to be the container's root, or overlayfs mounts
    /// read-only.
    private Step.Owner owner(Layer writable) {
        return writable.isShifted() && draft.isUnprivileged()
                ? new Step.Owner(draft.hostUid(0), draft.hostGid(0))
                : Step.Owner.CALLER;
    }

    private void open(Slot slot, Layer layer, boolean isRecursive) {
        draft.host.add(
                new Step.OpenTree(slot, Place.host(layer.path().toString()), true, isRecursive));
        boolean isShifted = layer.isShifted() && draft.isUnprivileged();
        if (isShifted) {
            draft.host.add(attributes(slot, NO_ATTRIBUTES, idmap.slot()));
        } else {
            draft.host.add(
                    new Step.SetMountAttributes(
                            Place.slot(slot),
                            isRecursive,
                            NO_ATTRIBUTES,
                            NO_ATTRIBUTES,
                            Propagation.PRIVATE,
                            Slot.NONE));
        }
    }

    private static Step attributes(Slot slot, Set<MountAttribute> set, Slot idmap) {
        return new Step.SetMountAttributes(
                Place.slot(slot), false, set, NO_ATTRIBUTES, Propagation.PRIVATE, idmap);
    }
}
