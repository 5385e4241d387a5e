package io.atoll.lxctools.disk;

import static io.atoll.lxctools.ToolOption.flag;

import io.atoll.base.BusyException;
import io.atoll.base.NotFoundException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolSpec;
import io.atoll.lxctools.storage.Backends;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import java.nio.file.Files;
import java.util.List;

/// `lxc-destroy`: a container and its files.
public final class DestroyTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME [-f] [-s]",
                "Removes a container.",
                flag('f', "force", "Stop the container first"),
                flag('s', "snapshots", "Remove its snapshots and the copies that need it too"));
    }

    @Override
    public int run(Call call) {
        LxcContainer container = call.container();
        Backends backends = new Installation(call).backends();
        Removal.sweep(call.path().directory());
        Draft.sweep(container, backends);
        if (!container.isDefined()) {
            throw new NotFoundException("Container is not defined");
        }
        boolean isForced = call.options().has("force");
        boolean withSnapshots = call.options().has("snapshots");
        if (container.isRunning() && !isForced) {
            throw new BusyException(call.name() + " is running");
        }
        if (!withSnapshots) {
            refuseIfNeeded(container);
        } else {
            for (Kin.Relative clone : Kin.clones(container)) {
                try (LxcPath path = LxcPath.open(clone.lxcPath(), call.system())) {
                    destroy(path.container(clone.name()), backends, isForced);
                }
            }
            removeSnapshots(call, container, backends);
        }
        destroy(container, backends, isForced);
        return 0;
    }

    static void removeSnapshots(Call call, LxcContainer container, Backends backends) {
        try (LxcPath path = LxcPath.open(Kin.snapshotPath(container), call.system())) {
            for (String snapshot : Kin.snapshots(container)) {
                Removal.remove(path.container(snapshot), backends);
            }
        }
    }

    /// @throws PreconditionFailedException if others need it
    static void refuseIfNeeded(LxcContainer container) {
        if (!Kin.clones(container).isEmpty()) {
            throw new PreconditionFailedException(
                    "has copies that need it: "
                            + names(Kin.clones(container))
                            + "; -s removes them too");
        }
        if (!Kin.snapshots(container).isEmpty()) {
            throw new PreconditionFailedException(
                    "has snapshots: "
                            + String.join(" ", Kin.snapshots(container))
                            + "; -s removes them too");
        }
    }

    private static String names(List<Kin.Relative> relatives) {
        return String.join(" ", relatives.stream().map(Kin.Relative::name).toList());
    }

    /// Stops it if need be, runs its hooks and removes it.
    static void destroy(LxcContainer container, Backends backends, boolean isForced) {
        if (container.isRunning()) {
            if (!isForced) {
                throw new BusyException(container.name() + " is running");
            }
            boolean isEphemeral = container.config().find("lxc.ephemeral").orElse("0").equals("1");
            container.mustRun().kill();
            if (isEphemeral && !Files.exists(container.directory())) {
                return;
            }
        }
        DiskHooks.run(container, "lxc.hook.destroy", "destroy", List.of());
        Kin.release(container);
        Removal.remove(container, backends);
    }
}
