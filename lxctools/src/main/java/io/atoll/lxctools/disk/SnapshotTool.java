package io.atoll.lxctools.disk;

import static io.atoll.lxctools.ToolOption.flag;
import static io.atoll.lxctools.ToolOption.value;

import io.atoll.base.BusyException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolSpec;
import io.atoll.lxctools.storage.Backends;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;

/// `lxc-snapshot`: states of a container to come back to. A snapshot is a container of its own
/// below `NAME/snaps`.
public final class SnapshotTool implements Tool {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy:MM:dd HH:mm:ss");
    private static final int SNAPSHOTS_MAX = 10_000;

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME [-c FILE | -L [-C] | -r SNAPSHOT [-N NEWNAME] | -d SNAPSHOT|ALL]",
                "Makes, lists, restores and removes snapshots of a container.",
                flag('L', "list", "List snapshots"),
                flag('C', "showcomments", "With their comments"),
                value('c', "comment", "FILE", "Take the comment from FILE"),
                value('r', "restore", "SNAPSHOT", "Go back to a snapshot"),
                value('N', "newname", "NAME", "Restore as another container"),
                value('d', "destroy", "SNAPSHOT", "Remove a snapshot, or ALL"));
    }

    @Override
    public int run(Call call) throws IOException {
        LxcContainer container = call.container();
        if (!container.isDefined()) {
            throw new NotFoundException("Container is not defined");
        }
        try (LxcPath snapshots = LxcPath.open(Kin.snapshotPath(container), call.system())) {
            if (call.options().has("list")) {
                list(call, container);
            } else if (call.options().has("restore")) {
                restore(call, container, snapshots);
            } else if (call.options().has("destroy")) {
                destroy(call, container, snapshots);
            } else {
                take(call, container, snapshots);
            }
        }
        return 0;
    }

    private static void list(Call call, LxcContainer container) throws IOException {
        List<String> names = Kin.snapshots(container);
        if (names.isEmpty()) {
            call.line("No snapshots");
            return;
        }
        Path directory = Kin.snapshotPath(container);
        for (String name : names) {
            Path stamp = directory.resolve(name).resolve("ts");
            String time = Files.exists(stamp) ? Files.readString(stamp).strip() : "";
            call.line(name + " (" + directory + ") " + time);
            Path comment = directory.resolve(name).resolve("comment");
            if (call.options().has("showcomments") && Files.exists(comment)) {
                call.line(Files.readString(comment).stripTrailing());
            }
        }
    }

    private static void take(Call call, LxcContainer container, LxcPath snapshots)
            throws IOException {
        if (container.isRunning()) {
            throw new BusyException("is running; stop it first");
        }
        Optional<byte[]> comment = Optional.empty();
        if (call.options().has("comment")) {
            Path file = call.file(call.options().value("comment").orElseThrow());
            comment = Optional.of(Files.readAllBytes(file));
        }
        LxcContainer snapshot = snapshots.container(freeName(container));
        // The state as it is: also its name and addresses.
        CopyPlan plan = plan(Optional.empty(), isSnapshotCheap(container), true);
        CopyTool.copying(call).copy(container, snapshot, plan, false);
        Files.writeString(
                snapshot.directory().resolve("ts"),
                TIME.format(LocalDateTime.now(ZoneId.systemDefault())));
        if (comment.isPresent()) {
            Files.write(snapshot.directory().resolve("comment"), comment.get());
        }
        // It belongs to its container, which cannot be removed while it is there anyway.
        Kin.release(snapshot);
    }

    /// A directory's snapshot by overlay would change with the directory, and a layer of the
    /// container's own goes with it when the snapshot is restored: they are copied as a whole.
    private static boolean isSnapshotCheap(LxcContainer container) {
        Optional<LxcRootfs> rootfs =
                container.config().find("lxc.rootfs.path").map(LxcRootfs::parse);
        return rootfs.isPresent()
                && switch (rootfs.get()) {
                    case LxcRootfs.Directory(String driver, _) -> driver.equals("btrfs");
                    case LxcRootfs.Loop _ -> false;
                    case LxcRootfs.Overlay overlay -> !Kin.ownsLayer(container, overlay);
                    case LxcRootfs.Device _, LxcRootfs.Zfs _, LxcRootfs.Rbd _, LxcRootfs.Nbd _ ->
                            true;
                };
    }

    private static CopyPlan plan(Optional<String> backend, boolean isSnapshot, boolean keeps) {
        return new CopyPlan(isSnapshot, true, backend, keeps, keeps, false, List.of());
    }

    private static String freeName(LxcContainer container) {
        for (int i = 0; i < SNAPSHOTS_MAX; i++) {
            String name = "snap" + i;
            if (!Files.exists(Kin.snapshotPath(container).resolve(name))) {
                return name;
            }
        }
        throw new UnavailableException("has " + SNAPSHOTS_MAX + " snapshots already");
    }

    private static LxcContainer existing(LxcPath snapshots, String name) {
        LxcContainer snapshot = snapshots.container(name);
        if (!snapshot.isDefined()) {
            throw new NotFoundException("no snapshot " + name);
        }
        return snapshot;
    }

    /// Restoring in place makes the new state beside the old one and puts it into its place when it
    /// is complete.
    private static void restore(Call call, LxcContainer container, LxcPath snapshots) {
        LxcContainer snapshot = existing(snapshots, call.options().value("restore").orElseThrow());
        Backends backends = new Installation(call).backends();
        Optional<String> newName = call.options().value("newname");
        if (newName.isPresent() && !newName.get().equals(container.name())) {
            LxcContainer target = call.path().container(newName.get());
            CopyTool.copying(call)
                    .copy(
                            snapshot,
                            target,
                            new CopyPlan(
                                    false, true, Optional.empty(), false, false, false, List.of()),
                            false);
            return;
        }
        if (container.isRunning()) {
            throw new BusyException("is running; stop it first");
        }
        if (!Kin.clones(container).isEmpty()) {
            DestroyTool.refuseIfNeeded(container);
        }
        LxcContainer fresh = call.path().container(container.name() + ".restoring");
        if (Files.exists(fresh.directory())) {
            Removal.remove(fresh, backends);
        }
        CopyTool.copying(call).copy(snapshot, fresh, plan(Optional.empty(), false, true), false);
        Restoring.swap(container, fresh, backends);
    }

    private static void destroy(Call call, LxcContainer container, LxcPath snapshots) {
        Backends backends = new Installation(call).backends();
        String name = call.options().value("destroy").orElseThrow();
        if (name.equals("ALL")) {
            DestroyTool.removeSnapshots(call, container, backends);
            return;
        }
        Removal.remove(existing(snapshots, name), backends);
    }
}
