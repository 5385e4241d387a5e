package io.atoll.runtime.compiler;

import io.atoll.plan.FsOption;
import io.atoll.plan.MountAttribute;
import io.atoll.plan.Place;
import io.atoll.plan.Propagation;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// The mounts a spec asks for. Sources on the host are opened by the host, so that no path of the
/// host is looked up inside; targets are looked up inside the root only, wherever the container's
/// links point.
final class MountSteps {
    /// What may be mounted in a user namespace; the rest is mounted by the host and handed in.
    private static final Set<String> INSIDE =
            Set.of(
                    "tmpfs",
                    "ramfs",
                    "proc",
                    "sysfs",
                    "mqueue",
                    "devpts",
                    "cgroup",
                    "cgroup2",
                    "binfmt_misc",
                    "fuse");

    private static final Set<MountAttribute> NONE = EnumSet.noneOf(MountAttribute.class);

    private final PlanDraft draft;
    private final Slot root;
    private final IdmapSlot idmap;
    private final List<Slot> slots = new ArrayList<>();

    MountSteps(PlanDraft draft, Slot root, IdmapSlot idmap) {
        this.draft = draft;
        this.root = root;
        this.idmap = idmap;
    }

    /// Whether something that the host mounts later below one of them is to appear inside.
    boolean followTheHost() {
        return firstFollower() < draft.spec.mounts().size();
    }

    private int firstFollower() {
        List<MountSpec> mounts = draft.spec.mounts();
        int first = 0;
        while (first < mounts.size() && !isFollower(mounts.get(first))) {
            first++;
        }
        return first;
    }

    private static boolean isFollower(MountSpec mount) {
        return mount instanceof MountSpec.Bind bind
                && bind.propagation()
                        .map(MountSteps::propagation)
                        .filter(p -> p == Propagation.SLAVE || p == Propagation.SHARED)
                        .isPresent();
    }

    void host() {
        for (MountSpec mount : draft.spec.mounts()) {
            Slot slot = draft.newSlot();
            slots.add(slot);
            List<Step> steps =
                    switch (mount) {
                        case MountSpec.Bind bind when bind.isRelative() -> List.of();
                        case MountSpec.Bind bind ->
                                open(slot, bind, Place.host(bind.source().toString()));
                        case MountSpec.FileSystem fs when INSIDE.contains(fs.type()) -> List.of();
                        case MountSpec.FileSystem fs -> List.of(make(slot, fs));
                    };
            add(draft.host, mount, steps);
        }
    }

    void child() {
        child(0, firstFollower());
    }

    /// Attaches those that hear of the host's mounts, and what comes after them: leaving the old
    /// root behind makes everything private that is on the new one by then.
    void afterPivot() {
        child(firstFollower(), slots.size());
    }

    private void child(int from, int to) {
        for (int i = from; i < to; i++) {
            Slot slot = slots.get(i);
            MountSpec mount = draft.spec.mounts().get(i);
            List<Step> steps = new ArrayList<>();
            target(mount).forEach(step -> steps.add(new Step.IfPossible(step)));
            switch (mount) {
                case MountSpec.Bind bind when bind.isRelative() ->
                        steps.addAll(open(slot, bind, Place.in(root, bind.source().toString())));
                case MountSpec.Bind _ -> {}
                case MountSpec.FileSystem fs when INSIDE.contains(fs.type()) ->
                        steps.add(make(slot, fs));
                case MountSpec.FileSystem _ -> {}
            }
            steps.add(new Step.AttachMount(slot, Place.in(root, mount.target().value())));
            steps.add(new Step.Close(slot));
            add(draft.child, mount, steps);
        }
    }

    private static void add(List<Step> section, MountSpec mount, List<Step> steps) {
        for (Step step : steps) {
            boolean isWrapped = step instanceof Step.IfPossible;
            section.add(mount.isOptional() && !isWrapped ? new Step.IfPossible(step) : step);
        }
    }

    private List<Step> open(Slot slot, MountSpec.Bind bind, Place source) {
        Slot map = bind.isShifted() && draft.isUnprivileged() ? idmap.slot() : Slot.NONE;
        Propagation propagation =
                bind.propagation().map(MountSteps::propagation).orElse(Propagation.PRIVATE);
        return List.of(
                new Step.OpenTree(slot, source, true, bind.isRecursive()),
                new Step.SetMountAttributes(
                        Place.slot(slot),
                        bind.isRecursive(),
                        attributes(bind.flags()),
                        NONE,
                        propagation,
                        map));
    }

    private static Propagation propagation(MountSpec.Propagation asked) {
        return switch (asked) {
            case PRIVATE -> Propagation.PRIVATE;
            case SLAVE -> Propagation.SLAVE;
            case SHARED -> Propagation.SHARED;
            case UNBINDABLE -> Propagation.UNBINDABLE;
        };
    }

    private static Step make(Slot slot, MountSpec.FileSystem fs) {
        List<FsOption> options = new ArrayList<>();
        options.add(FsOption.text("source", fs.source()));
        for (String option : fs.options()) {
            int equals = option.indexOf('=');
            options.add(
                    equals < 0
                            ? FsOption.flag(option)
                            : FsOption.text(
                                    option.substring(0, equals), option.substring(equals + 1)));
        }
        return new Step.NewMount(
                slot, fs.type(), options, attributes(fs.flags()), Step.Owner.CALLER, false);
    }

    /// What is missing of the target, parents first.
    private List<Step> target(MountSpec mount) {
        List<Step> steps = new ArrayList<>();
        if (mount.create() == MountSpec.Create.NOTHING) {
            return steps;
        }
        String path = mount.target().value();
        parents(root, path).forEach(steps::add);
        if (mount.create() == MountSpec.Create.DIR) {
            steps.add(new Step.Mkdir(Place.in(root, path), 0755, true));
        } else {
            steps.add(
                    new Step.MakeNode(Place.in(root, path), Step.NodeType.FILE, 0644, 0, 0, true));
        }
        return steps;
    }

    /// The directories above a path inside, which may be there already.
    static List<Step> parents(Slot root, String path) {
        List<Step> steps = new ArrayList<>();
        for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
            steps.add(new Step.Mkdir(Place.in(root, path.substring(0, slash)), 0755, true));
        }
        return steps;
    }

    private static Set<MountAttribute> attributes(Collection<MountFlag> flags) {
        Set<MountAttribute> set = EnumSet.noneOf(MountAttribute.class);
        for (MountFlag flag : flags) {
            set.add(
                    switch (flag) {
                        case RO -> MountAttribute.READ_ONLY;
                        case NOSUID -> MountAttribute.NO_SUID;
                        case NODEV -> MountAttribute.NO_DEV;
                        case NOEXEC -> MountAttribute.NO_EXEC;
                        case NOATIME -> MountAttribute.NO_ATIME;
                        case NODIRATIME -> MountAttribute.NO_DIRATIME;
                        case STRICTATIME -> MountAttribute.STRICT_ATIME;
                        case NOSYMFOLLOW -> MountAttribute.NO_SYMFOLLOW;
                    });
        }
        return set;
    }
}
