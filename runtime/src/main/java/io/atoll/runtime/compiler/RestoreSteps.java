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
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.MountSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The steps that bring a container back from CRIU's images. CRIU makes namespaces, processes and
/// interfaces itself; from us it wants the root file system and what is mounted from outside, under
/// paths. These are mounted in the starter's own mount namespace, which ends with it.
final class RestoreSteps {
    private static final Set<MountAttribute> NONE = EnumSet.noneOf(MountAttribute.class);
    private static final String ROOT = "root";

    /// More than a minute: memory comes from a disk.
    static final Duration LIMIT = Duration.ofMinutes(10);

    private final PlanDraft draft;
    private final Slot userNamespace;
    private final CriuRestore from;
    private final Path stage;

    /// @param draft with no steps yet
    /// @param stage a directory to mount things below
    RestoreSteps(PlanDraft draft, Slot userNamespace, CriuRestore from, Path stage) {
        this.draft = draft;
        this.userNamespace = userNamespace;
        this.from = from;
        this.stage = stage;
    }

    List<Step> steps(List<CriuArguments.Link> links) {
        List<Step> out = draft.host;
        out.addAll(HookSteps.of(draft, HookSpec.Phase.PRE_START));
        out.add(new Step.Unshare(EnumSet.of(Namespace.MOUNT)));
        out.add(
                new Step.SetMountAttributes(
                        Place.host("/"), true, NONE, NONE, Propagation.PRIVATE, Slot.NONE));
        IdmapSlot idmap = new IdmapSlot(draft, userNamespace);
        RootSteps root = new RootSteps(draft, idmap);
        root.host();
        new CgroupSteps(draft).host();
        attach(root.root());
        Path pidFile = stage.resolve(CriuArguments.PID_FILE);
        CriuArguments arguments =
                new CriuArguments(
                        from.program(),
                        from.images(),
                        CgroupSteps.roots(draft),
                        from.isVerbose(),
                        from.script());
        List<String> argv =
                arguments.restore(
                        new CriuArguments.Restore(
                                stage.resolve(ROOT), pidFile, externals(), links, label()));
        out.add(
                new Step.RunHook(
                        argv,
                        List.of(
                                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                        (int) LIMIT.toMillis()));
        out.add(new Step.TakeChild(Place.host(pidFile.toString())));
        return List.copyOf(out);
    }

    private Optional<String> label() {
        boolean isAppArmor = draft.facts.lsm().filter(HostFacts.Lsm.APPARMOR::equals).isPresent();
        return draft.spec.security().lsmLabel().filter(_ -> isAppArmor);
    }

    private void attach(Slot root) {
        List<Step> out = draft.host;
        Slot top = draft.newSlot();
        out.add(
                new Step.NewMount(
                        top,
                        "tmpfs",
                        List.of(FsOption.text("source", "restore"), FsOption.text("mode", "700")),
                        NONE,
                        Step.Owner.CALLER,
                        false));
        out.add(new Step.AttachMount(top, Place.host(stage.toString())));
        out.add(new Step.Mkdir(Place.in(top, ROOT), 0755, false));
        out.add(new Step.AttachMount(root, Place.in(top, ROOT)));
    }

    /// @throws UnsupportedException for what cannot be mounted again as it was
    private List<CriuArguments.External> externals() {
        List<CriuArguments.External> out = new ArrayList<>();
        for (MountSpec mount : draft.spec.mounts()) {
            if (mount instanceof MountSpec.Bind bind && !bind.isRelative()) {
                String target = bind.target().value();
                if (bind.isShifted() && draft.isUnprivileged()) {
                    throw new UnsupportedException(
                            "what is mounted on "
                                    + target
                                    + " has shifted owner ids and cannot be restored");
                }
                out.add(new CriuArguments.External(target, bind.source()));
            }
        }
        return out;
    }
}
