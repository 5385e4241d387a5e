package io.atoll.runtime.compiler;

import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.NsId;
import io.atoll.plan.FsOption;
import io.atoll.plan.MountAttribute;
import io.atoll.plan.Place;
import io.atoll.plan.Slot;
import io.atoll.plan.Stdio;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.DeviceNode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// `/dev`: a tmpfs that the host makes and populates while it is mounted nowhere, because only the
/// host may make device nodes for a user namespace; then a devpts of the container's own, and the
/// console and ttys from that devpts. A console of the host's devpts would let the container
/// remount it.
final class DevSteps {
    private static final Set<MountAttribute> NO_SUID_NO_EXEC =
            EnumSet.of(MountAttribute.NO_SUID, MountAttribute.NO_EXEC);

    private static final List<DeviceNode> STANDARD =
            List.of(
                    DeviceNode.character("/dev/null", 1, 3),
                    DeviceNode.character("/dev/zero", 1, 5),
                    DeviceNode.character("/dev/full", 1, 7),
                    DeviceNode.character("/dev/random", 1, 8),
                    DeviceNode.character("/dev/urandom", 1, 9),
                    DeviceNode.character("/dev/tty", 5, 0));

    private final PlanDraft draft;
    private final Slot root;
    private final Slot dev;
    private Slot stage = Slot.NONE;
    private Slot console = Slot.NONE;
    private Slot nothing = Slot.NONE;

    DevSteps(PlanDraft draft, Slot root) {
        this.draft = draft;
        this.root = root;
        this.dev = draft.newSlot();
    }

    Slot dev() {
        return dev;
    }

    boolean isPopulated() {
        return draft.spec.devices().isPopulated();
    }

    void host() {
        populateIfOurs();
        List<DeviceNode> others =
                draft.spec.devices().nodes().stream().filter(n -> !isInDev(n)).toList();
        if (!others.isEmpty()) {
            stage(others);
        }
    }

    void populateIfOurs() {
        if (isPopulated()) {
            populate();
        }
    }

    private void populate() {
        draft.host.add(tmpfs(dev, "dev"));
        Set<String> directories = new LinkedHashSet<>(List.of("pts", "shm", "mqueue"));
        if (draft.spec.autoMounts().isNestable()) {
            directories.addAll(List.of(".lxc", ".lxc/proc", ".lxc/sys"));
        }
        parents(terminal("console"), directories);
        List<DeviceNode> nodes = nodes();
        nodes.forEach(node -> parents(relative(node), directories));
        directories.forEach(
                name -> owned(new Step.Mkdir(Place.in(dev, name), 0755, true), name, 0, 0));
        for (DeviceNode node : nodes) {
            Step step =
                    draft.facts.isHostRoot()
                            ? node(dev, relative(node), node)
                            : file(relative(node));
            owned(step, relative(node), node.uid(), node.gid());
        }
        if (draft.spec.console().isPresent()) {
            terminalFile("console");
        }
        for (int n = 1; n <= draft.spec.devices().ttyCount(); n++) {
            terminalFile("tty" + n);
        }
        symlink("pts/ptmx", "ptmx");
        symlink("/proc/self/fd", "fd");
        symlink("/proc/self/fd/0", "stdin");
        symlink("/proc/self/fd/1", "stdout");
        symlink("/proc/self/fd/2", "stderr");
    }

    private List<DeviceNode> nodes() {
        List<DeviceNode> nodes = new ArrayList<>(STANDARD);
        draft.spec.devices().nodes().stream().filter(this::isInDev).forEach(nodes::add);
        return nodes;
    }

    /// The host's own nodes, for who may not make any. The old root is still the root, so that they
    /// are found by their names.
    private void bindNodes() {
        for (DeviceNode node : nodes()) {
            Slot slot = draft.newSlot();
            draft.child.add(new Step.OpenTree(slot, Place.host(node.path().value()), true, false));
            draft.child.add(new Step.AttachMount(slot, Place.in(root, "dev/" + relative(node))));
            draft.child.add(new Step.Close(slot));
        }
    }

    /// What a terminal is bound on.
    private void terminalFile(String name) {
        String path = terminal(name);
        owned(file(path), path, 0, 0);
        if (!path.equals(name)) {
            symlink(path, name);
        }
    }

    /// The path of a terminal below `/dev`.
    private String terminal(String name) {
        String directory = draft.spec.devices().ttyDirectory();
        return directory.isEmpty() ? name : directory + "/" + name;
    }

    /// Nodes outside of `/dev` are made in a tmpfs of their own and bound from there: the rootfs on
    /// disk stays free of device nodes that the host would honour.
    private void stage(List<DeviceNode> nodes) {
        stage = draft.newSlot();
        draft.host.add(tmpfs(stage, "devices"));
        for (int i = 0; i < nodes.size(); i++) {
            DeviceNode node = nodes.get(i);
            draft.host.add(node(stage, "n" + i, node));
            draft.host.add(
                    new Step.Chown(
                            Place.in(stage, "n" + i),
                            draft.hostUid(node.uid()),
                            draft.hostGid(node.gid())));
        }
    }

    /// Kernels before 6.15 bind only from what is attached, so the tmpfs lies on `/dev` for a
    /// moment.
    private void bindElsewhere(List<DeviceNode> nodes) {
        draft.child.add(new Step.AttachMount(stage, Place.in(root, "dev")));
        List<Slot> slots = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            Slot slot = draft.newSlot();
            slots.add(slot);
            draft.child.add(new Step.OpenTree(slot, Place.in(stage, "n" + i), true, false));
        }
        draft.child.add(new Step.Umount(Place.in(root, "dev"), true));
        for (int i = 0; i < nodes.size(); i++) {
            String path = nodes.get(i).path().value();
            Place target = Place.in(root, path);
            MountSteps.parents(root, path)
                    .forEach(step -> draft.child.add(new Step.IfPossible(step)));
            draft.child.add(new Step.MakeNode(target, Step.NodeType.FILE, 0600, 0, 0, true));
            draft.child.add(new Step.AttachMount(slots.get(i), target));
            draft.child.add(new Step.Close(slots.get(i)));
        }
        draft.child.add(new Step.Close(stage));
    }

    private Step tmpfs(Slot slot, String source) {
        return new Step.NewMount(
                slot,
                "tmpfs",
                List.of(
                        FsOption.text("source", source),
                        FsOption.text("mode", "755"),
                        FsOption.text("size", size()),
                        FsOption.text("uid", Long.toString(draft.hostUid(0))),
                        FsOption.text("gid", Long.toString(draft.hostGid(0)))),
                NO_SUID_NO_EXEC,
                Step.Owner.CALLER,
                false);
    }

    private String size() {
        long bytes = draft.spec.devices().sizeBytes();
        return bytes % 1024 == 0 ? bytes / 1024 + "k" : Long.toString(bytes);
    }

    private boolean isInDev(DeviceNode node) {
        return isPopulated() && node.path().value().startsWith("/dev/");
    }

    private static String relative(DeviceNode node) {
        return node.path().value().substring("/dev/".length());
    }

    private static void parents(String path, Set<String> directories) {
        for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
            directories.add(path.substring(0, slash));
        }
    }

    private static Step node(Slot slot, String name, DeviceNode node) {
        Step.NodeType type =
                node.type() == DeviceNode.Type.CHAR ? Step.NodeType.CHARACTER : Step.NodeType.BLOCK;
        return new Step.MakeNode(
                Place.in(slot, name), type, node.mode(), node.major(), node.minor(), false);
    }

    private Step file(String name) {
        return new Step.MakeNode(Place.in(dev, name), Step.NodeType.FILE, 0600, 0, 0, false);
    }

    private void owned(Step step, String name, long uid, long gid) {
        draft.host.add(step);
        long hostUid = draft.hostUid(uid);
        long hostGid = draft.hostGid(gid);
        if (hostUid != 0 || hostGid != 0) {
            draft.host.add(new Step.Chown(Place.in(dev, name), hostUid, hostGid));
        }
    }

    private void symlink(String target, String name) {
        draft.host.add(new Step.Symlink(target, Place.in(dev, name), true));
    }

    void attach() {
        if (isPopulated()) {
            draft.child.add(new Step.IfPossible(new Step.Mkdir(Place.in(root, "dev"), 0755, true)));
            draft.child.add(new Step.AttachMount(dev, Place.in(root, "dev")));
            if (!draft.facts.isHostRoot()) {
                bindNodes();
            }
        } else {
            for (String name : List.of("dev", "dev/pts", "dev/shm", "dev/mqueue")) {
                draft.child.add(
                        new Step.IfPossible(new Step.Mkdir(Place.in(root, name), 0755, true)));
            }
        }
        pseudoTerminals();
        temporary();
    }

    private void pseudoTerminals() {
        List<FsOption> options = new ArrayList<>();
        options.add(FsOption.text("source", "devpts"));
        options.add(FsOption.text("ptmxmode", "0666"));
        options.add(FsOption.text("mode", "0620"));
        options.add(FsOption.text("max", Integer.toString(draft.spec.devices().ptyCount())));
        if (hasTtyGroup()) {
            options.add(FsOption.text("gid", Integer.toString(HostFacts.TTY_GROUP)));
        }
        mount("devpts", options, NO_SUID_NO_EXEC, "dev/pts", false);
    }

    /// Without ids of its own a container has those of whoever starts it, and a plain user's
    /// commands have few.
    private boolean hasTtyGroup() {
        Idmap idmap = draft.spec.idmap();
        return idmap.isPrivileged()
                ? draft.facts.hasTtyGroup()
                : idmap.toHost(IdmapEntry.Kind.GID, new NsId(HostFacts.TTY_GROUP)).isPresent();
    }

    private void temporary() {
        mount(
                "tmpfs",
                List.of(FsOption.text("source", "tmpfs"), FsOption.text("mode", "1777")),
                EnumSet.of(MountAttribute.NO_SUID, MountAttribute.NO_DEV),
                "dev/shm",
                !isPopulated());
        // Message queues belong to the ipc namespace: not ours to mount in a shared one.
        boolean hasOwnIpc =
                draft.spec.namespaces().fresh().contains(io.atoll.runtime.spec.NamespaceKind.IPC);
        mount(
                "mqueue",
                List.of(FsOption.text("source", "mqueue")),
                EnumSet.of(MountAttribute.NO_SUID, MountAttribute.NO_DEV, MountAttribute.NO_EXEC),
                "dev/mqueue",
                !isPopulated() || !hasOwnIpc);
    }

    private void mount(
            String type,
            List<FsOption> options,
            Set<MountAttribute> attributes,
            String target,
            boolean isOptional) {
        Slot slot = draft.newSlot();
        List<Step> steps =
                List.of(
                        new Step.NewMount(
                                slot, type, options, attributes, Step.Owner.CALLER, false),
                        new Step.AttachMount(slot, Place.in(root, target)),
                        new Step.Close(slot));
        steps.forEach(step -> draft.child.add(isOptional ? new Step.IfPossible(step) : step));
    }

    /// New terminals in place of those whose masters went with a killed monitor. Whoever opens them
    /// again, as a getty does, is heard; what init itself holds open stays dead.
    void adopt() {
        int ttys = draft.spec.devices().ttyCount();
        if (!draft.spec.console().isPresent() && ttys == 0) {
            return;
        }
        Slot inside = Slot.of(0);
        draft.adopt.add(new Step.Open(inside, Place.host("/"), Step.OpenMode.REFERENCE));
        if (draft.spec.console().isPresent()) {
            reopen(inside, 0, "dev/console");
        }
        for (int n = 1; n <= ttys; n++) {
            reopen(inside, n, "dev/tty" + n);
        }
    }

    private void reopen(Slot inside, int number, String path) {
        Place place = Place.in(inside, path);
        draft.adopt.add(new Step.IfPossible(new Step.Umount(place, true)));
        draft.adopt.add(
                new Step.OpenTerminal(number, Place.in(inside, "dev/pts/ptmx"), place, Slot.of(1)));
    }

    /// The console is the first terminal of the new devpts, the ttys follow.
    void terminals() {
        if (draft.spec.console().isPresent()) {
            console = draft.newSlot();
            openTerminal(0, "console", console);
        } else if (isPopulated()) {
            // The host's, which init would have otherwise, lies outside of its mounts, where CRIU
            // cannot follow. This one we made ourselves.
            nothing = draft.newSlot();
            draft.child.add(
                    new Step.Open(nothing, Place.in(root, "dev/null"), Step.OpenMode.READ_WRITE));
        }
        for (int n = 1; n <= draft.spec.devices().ttyCount(); n++) {
            openTerminal(n, "tty" + n, draft.newSlot());
        }
        List<DeviceNode> others =
                draft.spec.devices().nodes().stream().filter(n -> !isInDev(n)).toList();
        if (!others.isEmpty()) {
            bindElsewhere(others);
        }
    }

    private void openTerminal(int number, String name, Slot slave) {
        String path = "dev/" + terminal(name);
        if (!isPopulated()) {
            MountSteps.parents(root, "/" + path)
                    .forEach(step -> draft.child.add(new Step.IfPossible(step)));
            draft.child.add(
                    new Step.MakeNode(Place.in(root, path), Step.NodeType.FILE, 0600, 0, 0, true));
        }
        Place multiplexer = Place.in(root, "dev/pts/ptmx");
        draft.child.add(new Step.OpenTerminal(number, multiplexer, Place.in(root, path), slave));
    }

    Stdio stdio() {
        if (!console.isNone()) {
            return new Stdio.Terminal(console);
        }
        return nothing.isNone() ? Stdio.none() : new Stdio.Descriptors(nothing, nothing, nothing);
    }

    /// `container_ttys` for systemd: the terminals by their number in the new devpts.
    List<String> ttyNames() {
        int first = draft.spec.console().isPresent() ? 1 : 0;
        List<String> names = new ArrayList<>();
        for (int n = 0; n < draft.spec.devices().ttyCount(); n++) {
            names.add("pts/" + (first + n));
        }
        return names;
    }
}
