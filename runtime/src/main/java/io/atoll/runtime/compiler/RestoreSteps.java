package io.atoll.runtime.compiler;

import io.atoll.base.UnsupportedException;
import io.atoll.plan.FsOption;
import io.atoll.plan.MountAttribute;
import io.atoll.plan.Namespace;
import io.atoll.plan.Place;
import io.atoll.plan.Propagation;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.runtime.criu.CriuArguments;
import io.atoll.runtime.criu.DevEntry;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.MountSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The steps that bring a container back from CRIU's images. CRIU makes namespaces, processes and
/// interfaces itself; from us it wants the root file system and what is mounted from outside, under
/// paths. These are mounted in the starter's own mount namespace, which ends with it.
final class RestoreSteps {
    private static final Set<MountAttribute> NONE = EnumSet.noneOf(MountAttribute.class);
    private static final String ROOT = "root";

    /// Where things are mounted for CRIU. Root inside walks there while it mounts what comes from
    /// outside, and may not search the directories of monitors or instances.
    private static final Path STAGE = Path.of("/mnt");

    private static final String IMAGES = "images";
    private static final String TERMINALS = "pts";
    private static final String CONSOLE = "console";
    private static final String DEV = "dev";
    private static final String BOOT_ID = "boot_id";

    /// More than a minute: memory comes from a disk.
    static final Duration LIMIT = Duration.ofMinutes(10);

    private final PlanDraft draft;
    private final Slot userNamespace;
    private final CriuRestore from;
    private final Map<Slot, MountSpec.Bind> sources = new LinkedHashMap<>();
    private final List<CriuArguments.External> externals = new ArrayList<>();
    private Slot console = Slot.NONE;

    /// @param draft with no steps yet
    RestoreSteps(PlanDraft draft, Slot userNamespace, CriuRestore from) {
        this.draft = draft;
        this.userNamespace = userNamespace;
        this.from = from;
    }

    List<Step> steps(List<CriuArguments.Link> links) {
        List<Step> out = draft.host;
        out.addAll(HookSteps.of(draft, HookSpec.Phase.PRE_START));
        out.add(new Step.Unshare(EnumSet.of(Namespace.MOUNT)));
        out.add(
                new Step.SetMountAttributes(
                        Place.host("/"), true, NONE, NONE, Propagation.PRIVATE, Slot.NONE));
        // The layers of the root may be attached on top of themselves, and the images beside them.
        Slot images = draft.newSlot();
        out.add(new Step.OpenTree(images, Place.host(from.images().toString()), true, false));
        openSources();
        IdmapSlot idmap = new IdmapSlot(draft, userNamespace);
        RootSteps root = new RootSteps(draft, idmap);
        DevSteps dev = new DevSteps(draft, root.root());
        dev.populateIfOurs();
        root.host();
        new CgroupSteps(draft).host();
        attach(root.root(), images, dev);
        draft.spec.security().profile().ifPresent(p -> out.addAll(ProfileSteps.load(p)));
        Path pidFile = STAGE.resolve(CriuArguments.PID_FILE);
        CriuArguments arguments =
                new CriuArguments(
                        from.program(),
                        STAGE.resolve(IMAGES),
                        CgroupSteps.roots(draft),
                        from.isVerbose(),
                        from.script());
        List<String> argv =
                arguments.restore(
                        new CriuArguments.Restore(
                                STAGE.resolve(ROOT),
                                pidFile,
                                externals,
                                links,
                                label(),
                                from.terminal()));
        out.add(
                new Step.RunHook(
                        argv,
                        List.of(
                                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                        (int) LIMIT.toMillis(),
                        console));
        out.add(new Step.TakeChild(Place.host(pidFile.toString())));
        return List.copyOf(out);
    }

    private Optional<String> label() {
        boolean isAppArmor = draft.facts.lsm().filter(HostFacts.Lsm.APPARMOR::equals).isPresent();
        return draft.spec.security().label().filter(_ -> isAppArmor);
    }

    private void attach(Slot root, Slot images, DevSteps dev) {
        List<Step> out = draft.host;
        Slot top = draft.newSlot();
        out.add(
                new Step.NewMount(
                        top,
                        "tmpfs",
                        List.of(FsOption.text("source", "restore"), FsOption.text("mode", "711")),
                        NONE,
                        Step.Owner.CALLER,
                        false));
        out.add(new Step.AttachMount(top, Place.host(STAGE.toString())));
        out.add(new Step.Mkdir(Place.in(top, ROOT), 0755, false));
        out.add(new Step.AttachMount(root, Place.in(top, ROOT)));
        out.add(new Step.Mkdir(Place.in(top, IMAGES), 0700, false));
        out.add(new Step.AttachMount(images, Place.in(top, IMAGES)));
        attachSources(top);
        if (dev.isPopulated()) {
            from.dev().forEach(entry -> makeAgain(dev.dev(), entry));
            out.add(new Step.Mkdir(Place.in(top, DEV), 0755, false));
            out.add(new Step.AttachMount(dev.dev(), Place.in(top, DEV)));
            externals.add(new CriuArguments.External(CriuArguments.DEV, STAGE.resolve(DEV)));
        }
        if (!from.bootId().isEmpty()) {
            Place file = Place.in(top, BOOT_ID);
            out.add(new Step.WriteFile(file, from.bootId(), Step.WriteMode.REPLACE));
            out.add(new Step.Chmod(file, 0444));
            externals.add(
                    new CriuArguments.External(CriuArguments.BOOT_ID, STAGE.resolve(BOOT_ID)));
        }
        if (from.terminal().isPresent()) {
            terminals(top);
        }
    }

    /// A console in the place of the one that led out: as that a terminal of no devpts of the
    /// host's, so that nothing of the host can be reached by it.
    private void terminals(Slot top) {
        List<Step> out = draft.host;
        Slot devpts = draft.newSlot();
        console = draft.newSlot();
        out.add(
                new Step.NewMount(
                        devpts,
                        "devpts",
                        List.of(
                                FsOption.text("source", "devpts"),
                                FsOption.text("ptmxmode", "0600"),
                                FsOption.text("mode", "0600"),
                                FsOption.text("max", "1"),
                                FsOption.text("uid", Long.toString(draft.hostUid(0))),
                                FsOption.text("gid", Long.toString(draft.hostGid(0)))),
                        EnumSet.of(MountAttribute.NO_SUID, MountAttribute.NO_EXEC),
                        Step.Owner.CALLER,
                        false));
        out.add(new Step.Mkdir(Place.in(top, TERMINALS), 0755, false));
        out.add(new Step.AttachMount(devpts, Place.in(top, TERMINALS)));
        out.add(new Step.MakeNode(Place.in(top, CONSOLE), Step.NodeType.FILE, 0600, 0, 0, false));
        out.add(
                new Step.OpenTerminal(
                        0, Place.in(devpts, "ptmx"), Place.in(top, CONSOLE), console));
        externals.add(new CriuArguments.External(CriuArguments.CONSOLE, STAGE.resolve(CONSOLE)));
    }

    /// What is mounted from outside, before anything is attached that could hide it.
    ///
    /// @throws UnsupportedException for what cannot be mounted again as it was
    private void openSources() {
        for (MountSpec mount : draft.spec.mounts()) {
            if (!(mount instanceof MountSpec.Bind bind) || bind.isRelative()) {
                continue;
            }
            String target = bind.target().value();
            if (bind.isShifted() && draft.isUnprivileged()) {
                throw new UnsupportedException(
                        "what is mounted on "
                                + target
                                + " has shifted owner ids and cannot be restored");
            }
            if (bind.create() == MountSpec.Create.NOTHING) {
                // Whether it is a directory only the host knows.
                externals.add(new CriuArguments.External(target, bind.source()));
                continue;
            }
            Slot slot = draft.newSlot();
            Place source = Place.host(bind.source().toString());
            draft.host.add(optional(bind, new Step.OpenTree(slot, source, true, false)));
            sources.put(slot, bind);
        }
    }

    /// Links and mount points that programs made in their `/dev`.
    private void makeAgain(Slot dev, DevEntry entry) {
        Place place = Place.in(dev, entry.name());
        Step step =
                switch (entry.kind()) {
                    case DIR -> new Step.Mkdir(place, 0755, true);
                    case FILE -> new Step.MakeNode(place, Step.NodeType.FILE, 0600, 0, 0, true);
                    case LINK -> new Step.Symlink(entry.target(), place, true);
                };
        draft.host.add(new Step.IfPossible(step));
        if (entry.kind() != DevEntry.Kind.LINK) {
            draft.host.add(
                    new Step.IfPossible(new Step.Chown(place, draft.hostUid(0), draft.hostGid(0))));
        }
    }

    private void attachSources(Slot top) {
        int number = 0;
        for (Map.Entry<Slot, MountSpec.Bind> entry : sources.entrySet()) {
            MountSpec.Bind bind = entry.getValue();
            String name = "m" + number++;
            Place place = Place.in(top, name);
            draft.host.add(
                    bind.create() == MountSpec.Create.DIR
                            ? new Step.Mkdir(place, 0755, false)
                            : new Step.MakeNode(place, Step.NodeType.FILE, 0600, 0, 0, false));
            draft.host.add(optional(bind, new Step.AttachMount(entry.getKey(), place)));
            externals.add(new CriuArguments.External(bind.target().value(), STAGE.resolve(name)));
        }
    }

    private static Step optional(MountSpec.Bind bind, Step step) {
        return bind.isOptional() ? new Step.IfPossible(step) : step;
    }
}
