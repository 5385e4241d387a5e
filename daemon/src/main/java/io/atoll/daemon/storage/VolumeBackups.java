package io.atoll.daemon.storage;

import io.atoll.api.ApiPath;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.backup.BackupForm;
import io.atoll.daemon.backup.BackupSubject;
import io.atoll.daemon.backup.Upload;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.Projects;
import io.atoll.image.BackupPart;
import io.atoll.image.BackupReader;
import io.atoll.image.BackupWriter;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import io.atoll.storage.Filler;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Custom volumes as archives in LXD's layout, and volumes from such archives.
final class VolumeBackups implements BackupSubject {
    private static final Words WORDS =
            new Words(
                    "storage-volume",
                    List.of("volume_only"),
                    "Creating custom volume backup",
                    "Renaming custom volume backup",
                    "Deleting custom volume backup");

    private final Pools pools;
    private final CustomVolumes volumes;
    private final Projects projects;
    private final ProjectGate gate;
    private final Operations operations;
    private final Events events;

    VolumeBackups(
            Pools pools,
            CustomVolumes volumes,
            Projects projects,
            ProjectGate gate,
            Operations operations,
            Events events) {
        this.pools = pools;
        this.volumes = volumes;
        this.projects = projects;
        this.gate = gate;
        this.operations = operations;
        this.events = events;
    }

    @Override
    public Words words() {
        return WORDS;
    }

    @Override
    public List<String> paths() {
        return List.of("/1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups");
    }

    @Override
    public Owner owner(Request request) {
        if (!request.variable("type").equals("custom")) {
            throw new InvalidConfigException(
                    "Invalid storage volume type " + request.variable("type"));
        }
        CustomVolumes.Place place =
                new CustomVolumes.Place(
                        projects.effective(request.project(), Feature.VOLUMES),
                        request.variable("pool"),
                        request.variable("volume"));
        CustomVolume _ = volumes.get(place).value();
        return new Owner(place.project(), place.key().name());
    }

    /// The names of pools have no slash.
    private static CustomVolumes.Place place(Owner owner) {
        int slash = owner.key().indexOf('/');
        return new CustomVolumes.Place(
                owner.project(), owner.key().substring(0, slash), owner.key().substring(slash + 1));
    }

    @Override
    public void checkAllowed(ProjectName project) {
        gate.checkBackup(project);
    }

    @Override
    public String url(Owner owner, String backup) {
        CustomVolumes.Place place = place(owner);
        return ApiPath.inProject(
                ApiPath.of(
                        "storage-pools",
                        place.pool(),
                        "volumes",
                        "custom",
                        place.name(),
                        "backups",
                        backup),
                owner.project().value());
    }

    @Override
    public OperationSpec describe(OperationSpec spec, Owner owner, String backup) {
        return spec.resource("storage_volumes", volumes.get(place(owner)).value().url())
                .resource("backups", ApiPath.of("backups", backup));
    }

    @Override
    public boolean hasOwnForm(Owner owner) {
        CustomVolumes.Place place = place(owner);
        VolumeRef files = place.volume().current();
        return pools.driver(place.pool()).streams().filter(s -> s.canSend(files)).isPresent();
    }

    @Override
    public void write(Owner owner, Wish wish, OutputStream out) throws IOException {
        CustomVolumes.Place place = place(owner);
        List<VolumeSnapshot> snapshots = wish.isAlone() ? List.of() : volumes.snapshots(place);
        StorageDriver driver = pools.driver(place.pool());
        Optional<VolumeStreams> streams =
                wish.isOptimized() ? driver.streams() : Optional.<VolumeStreams>empty();
        BackupForm form = BackupForm.of(driver, streams);
        VolumeIndex index =
                new VolumeIndex(volumes.get(place).value(), snapshots, Idmap.NONE, form);
        try (BackupWriter writer = new BackupWriter(out, wish.packing(), index.render())) {
            if (streams.isPresent()) {
                List<String> names = snapshots.stream().map(VolumeSnapshot::name).toList();
                try (VolumeStreams.Sending sending =
                        streams.get().send(place.volume().current(), names, Optional.empty())) {
                    form.write(writer, sending, VolumeBackups::placeOf, wish.spool());
                }
                return;
            }
            for (VolumeSnapshot snapshot : snapshots) {
                put(
                        writer,
                        BackupPart.volumeSnapshot(snapshot.name()),
                        driver,
                        place.volume().snapshot(snapshot.name()));
            }
            put(writer, BackupPart.VOLUME, driver, place.volume().current());
        }
    }

    private static BackupPart placeOf(String snapshot) {
        return snapshot.isEmpty() ? BackupPart.VOLUME : BackupPart.volumeSnapshot(snapshot);
    }

    private static void put(
            BackupWriter writer, BackupPart part, StorageDriver driver, VolumeRef ref)
            throws IOException {
        Optional<Path> disk = driver.disk(ref);
        if (disk.isPresent()) {
            try (Fd file = Opens.open(disk.get().toString(), Fcntl.O_RDONLY, 0)) {
                writer.putDisk(part, file);
            }
            return;
        }
        try (Fd root = driver.openRoot(ref)) {
            writer.putVolume(part, root);
        }
    }

    /// Makes a volume from the archive that a request brings, while it comes.
    ///
    /// @param to the name may be empty for that in the archive
    Response restore(Request request, CustomVolumes.Place to) throws IOException {
        pools.get(to.pool());
        BackupReader reader = new BackupReader(request.stream());
        VolumeIndex index = VolumeIndex.parse(reader.readIndex());
        CustomVolumes.Place place =
                to.name().isEmpty()
                        ? new CustomVolumes.Place(to.project(), to.pool(), index.volume().name())
                        : to;
        OperationSpec spec =
                OperationSpec.task("Restoring custom volume backup", request.project());
        return Upload.consume(request, operations, spec, _ -> unpack(reader, index, place));
    }

    private void unpack(BackupReader reader, VolumeIndex index, CustomVolumes.Place place) {
        List<SnapshotFiller> fillers =
                index.snapshots().stream()
                        .map(s ->
                                new SnapshotFiller(
                                        s.name(),
                                        filler(reader, index, BackupPart.volumeSnapshot(s.name()))))
                        .toList();
        if (index.form().isOptimized()) {
            List<String> names = index.snapshots().stream().map(VolumeSnapshot::name).toList();
            boolean isBlock = index.volume().isBlock();
            volumes.fill(
                    place,
                    index.volume(),
                    index.snapshots(),
                    (driver, name) ->
                            index.form()
                                    .read(
                                            reader,
                                            new BackupForm.Target(
                                                    driver, name, isBlock, names, index.shifted()),
                                            VolumeBackups::placeOf));
        } else {
            volumes.fill(
                    place,
                    index.volume(),
                    index.snapshots(),
                    fillers,
                    filler(reader, index, BackupPart.VOLUME));
        }
        events.publishLifecycle(
                Lifecycle.of(
                                "storage-volume-created",
                                volumes.get(place).value().url(),
                                place.project())
                        .with("type", "custom"));
    }

    private static Filler filler(BackupReader reader, VolumeIndex index, BackupPart part) {
        return index.volume().isBlock()
                ? Filler.ofDisk(
                        () -> reader.diskBytes(part), (_, disk) -> reader.unpackDisk(part, disk))
                : (directory, rootfs) -> reader.unpack(part, directory, rootfs, index.shifted());
    }
}
