package io.atoll.daemon.storage;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.image.BackupPart;
import io.atoll.image.BackupReader;
import io.atoll.image.BackupWriter;
import io.atoll.image.Compression;
import io.atoll.linux.Fd;
import io.atoll.storage.SnapshotFiller;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeRef;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/// `/1.0/storage-pools/POOL/volumes/custom/VOLUME/backups`: custom volumes as archives in LXD's
/// layout, and volumes from such archives.
final class VolumeBackups implements Routes {
    private static final String ALL = "/1.0/storage-pools/{pool}/volumes/{type}/{volume}/backups";
    private static final String ONE = ALL + "/{backup}";

    private final Store store;
    private final Pools pools;
    private final CustomVolumes volumes;
    private final Projects projects;
    private final Operations operations;
    private final Events events;
    private final Path folder;
    private final Supplier<String> compression;

    /// @param folder where archives are kept; ours alone
    /// @param compression the server's default, `backups.compression_algorithm`
    VolumeBackups(
            Store store,
            Pools pools,
            CustomVolumes volumes,
            Projects projects,
            Operations operations,
            Events events,
            Path folder,
            Supplier<String> compression) {
        this.store = store;
        this.pools = pools;
        this.volumes = volumes;
        this.projects = projects;
        this.operations = operations;
        this.events = events;
        this.folder = folder;
        this.compression = compression;
    }

    /// Removes files that no record names: what a dead daemon left half written.
    void recover() {
        Set<String> known = new HashSet<>();
        store.list(VolumeBackup.KIND).forEach(b -> known.add(b.value().file()));
        try {
            Files.createDirectories(folder);
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    if (!known.contains(String.valueOf(file.getFileName()))) {
                        Files.delete(file);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot prepare " + folder, e);
        }
    }

    @Override
    public List<Route> routes() {
        return List.of(
                Route.get(ALL).needs(Right.VIEW).run(this::list),
                Route.post(ALL).needs(Right.EDIT).run(this::create),
                Route.get(ONE).needs(Right.VIEW).run(this::get),
                Route.post(ONE).needs(Right.EDIT).run(this::rename),
                Route.delete(ONE).needs(Right.EDIT).run(this::delete),
                Route.get(ONE + "/export").needs(Right.VIEW).run(this::export));
    }

    private CustomVolumes.Place place(Request request) {
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
        return place;
    }

    private List<Stored<VolumeBackup>> of(CustomVolumes.Place place) {
        String prefix = place.pool() + "/" + place.name() + "/";
        return store.list(VolumeBackup.KIND, place.project()).stream()
                .filter(b -> b.name().startsWith(prefix))
                .toList();
    }

    private Stored<VolumeBackup> named(Request request) {
        return store.find(
                        VolumeBackup.KIND,
                        VolumeBackup.key(place(request), request.variable("backup")))
                .orElseThrow(() -> new NotFoundException("Storage volume backup not found"));
    }

    private Response list(Request request) {
        Json.Arr out = Json.array();
        for (Stored<VolumeBackup> backup : of(place(request))) {
            out.items()
                    .add(
                            request.recursion() > 0
                                    ? backup.value().json()
                                    : Json.string(backup.value().url()));
        }
        return Response.sync(out);
    }

    private Response get(Request request) {
        return Response.sync(named(request).value().json());
    }

    private static String checkName(String name) {
        if (name.contains("/")) {
            throw new InvalidConfigException("Backup names may not contain slashes");
        }
        return name;
    }

    private String freeName(CustomVolumes.Place place) {
        List<String> taken = of(place).stream().map(b -> b.value().name()).toList();
        for (int i = 0; ; i++) {
            if (!taken.contains("backup" + i)) {
                return "backup" + i;
            }
        }
    }

    private Response create(Request request) throws IOException {
        CustomVolumes.Place place = place(request);
        Json body = request.json();
        if (body.get("optimized_storage").asBoolean()) {
            throw new UnsupportedException(
                    "Backups in the driver's own format are not supported by this server");
        }
        String algorithm = body.get("compression_algorithm").asString();
        Compression packing =
                Compression.parse(algorithm.isEmpty() ? compression.get() : algorithm);
        String wanted = checkName(body.get("name").asString());
        String name = wanted.isEmpty() ? freeName(place) : wanted;
        if (store.find(VolumeBackup.KIND, VolumeBackup.key(place, name)).isPresent()) {
            throw new AlreadyExistsException("Backup \"" + name + "\" already exists");
        }
        VolumeBackup backup =
                new VolumeBackup(
                        place.pool(),
                        place.name(),
                        name,
                        Instant.now(),
                        VolumeSnapshotRoutes.expiry(body).orElse(Optional.empty()),
                        body.get("volume_only").asBoolean(),
                        UUID.randomUUID().toString());
        OperationSpec spec =
                OperationSpec.task("Backing up storage volume", request.project())
                        .resource("storage_volumes", volumes.get(place).value().url())
                        .resource("backups", backup.url());
        return operations
                .start(
                        spec,
                        _ -> {
                            write(place, backup, packing);
                            tell("storage-volume-backup-created", backup, place.project());
                        })
                .response();
    }

    private void write(CustomVolumes.Place place, VolumeBackup backup, Compression packing)
            throws IOException {
        Path file = folder.resolve(backup.file());
        List<VolumeSnapshot> snapshots = backup.volumeOnly() ? List.of() : volumes.snapshots(place);
        StorageDriver driver = pools.driver(place.pool());
        VolumeIndex index = new VolumeIndex(volumes.get(place).value(), snapshots);
        try (Undo undo = new Undo()) {
            undo.add(() -> Files.deleteIfExists(file));
            OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
            try (BackupWriter writer =
                    new BackupWriter(out, packing, index.render(driver.info().name()))) {
                for (VolumeSnapshot snapshot : snapshots) {
                    put(
                            writer,
                            BackupPart.volumeSnapshot(snapshot.name()),
                            driver,
                            place.volume().snapshot(snapshot.name()));
                }
                put(writer, BackupPart.VOLUME, driver, place.volume().current());
            }
            store.create(VolumeBackup.KIND, VolumeBackup.key(place, backup.name()), backup);
            undo.keep();
        }
    }

    private static void put(
            BackupWriter writer, BackupPart part, StorageDriver driver, VolumeRef ref)
            throws IOException {
        try (Fd root = driver.openRoot(ref)) {
            writer.put(part, driver.directory(ref), root);
        }
    }

    private void tell(String action, VolumeBackup backup, ProjectName project) {
        events.publishLifecycle(Lifecycle.of(action, backup.url(), project));
    }

    private Response rename(Request request) throws IOException {
        Stored<VolumeBackup> read = named(request);
        CustomVolumes.Place place = place(request);
        String fresh = checkName(request.json().get("name").asString());
        if (fresh.isEmpty()) {
            throw new InvalidConfigException("No name provided");
        }
        VolumeBackup renamed = read.value().named(fresh);
        OperationSpec spec =
                OperationSpec.task("Renaming storage volume backup", request.project())
                        .resource("backups", read.value().url());
        return operations
                .start(
                        spec,
                        _ -> {
                            store.commit(
                                    new Batch()
                                            .delete(VolumeBackup.KIND, read)
                                            .create(
                                                    VolumeBackup.KIND,
                                                    VolumeBackup.key(place, fresh),
                                                    renamed));
                            tell("storage-volume-backup-renamed", renamed, place.project());
                        })
                .response();
    }

    private Response delete(Request request) {
        Stored<VolumeBackup> backup = named(request);
        ProjectName project = place(request).project();
        OperationSpec spec =
                OperationSpec.task("Deleting storage volume backup", request.project())
                        .resource("backups", backup.value().url());
        return operations
                .start(
                        spec,
                        _ -> {
                            delete(backup);
                            tell("storage-volume-backup-deleted", backup.value(), project);
                        })
                .response();
    }

    private void delete(Stored<VolumeBackup> backup) throws IOException {
        boolean _ = store.delete(VolumeBackup.KIND, backup.key());
        boolean _ = Files.deleteIfExists(folder.resolve(backup.value().file()));
    }

    private Response export(Request request) {
        VolumeBackup backup = named(request).value();
        tell("storage-volume-backup-retrieved", backup, place(request).project());
        return Response.download(folder.resolve(backup.file()), "");
    }

    /// Removes the backups whose time has come, and those of volumes that are gone.
    void prune(Instant now) {
        for (Stored<VolumeBackup> backup : store.list(VolumeBackup.KIND)) {
            CustomVolumes.Place place = backup.value().place(new ProjectName(backup.project()));
            boolean isOld = backup.value().expiresAt().filter(t -> t.isBefore(now)).isPresent();
            RecordKey volume = place.key();
            if (isOld || store.find(CustomVolume.KIND, volume).isEmpty()) {
                try {
                    delete(backup);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    /// Makes a volume from the archive that a request brings.
    ///
    /// @param to the name may be empty for that in the archive
    Response restore(Request request, CustomVolumes.Place to) throws IOException {
        pools.get(to.pool());
        Path file = folder.resolve(UUID.randomUUID().toString());
        try (OutputStream out = Files.newOutputStream(file)) {
            long _ = request.stream().transferTo(out);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
        OperationSpec spec =
                OperationSpec.task("Restoring storage volume backup", request.project());
        return operations
                .start(
                        spec,
                        _ -> {
                            try {
                                unpack(file, to);
                            } finally {
                                boolean _ = Files.deleteIfExists(file);
                            }
                        })
                .response();
    }

    private void unpack(Path file, CustomVolumes.Place to) throws IOException {
        BackupReader reader = new BackupReader(file);
        VolumeIndex index = VolumeIndex.parse(reader.readIndex());
        CustomVolumes.Place place =
                new CustomVolumes.Place(
                        to.project(),
                        to.pool(),
                        to.name().isEmpty() ? index.volume().name() : to.name());
        List<SnapshotFiller> fillers =
                index.snapshots().stream()
                        .map(s ->
                                new SnapshotFiller(
                                        s.name(),
                                        (directory, rootfs) ->
                                                reader.unpack(
                                                        BackupPart.volumeSnapshot(s.name()),
                                                        directory,
                                                        rootfs,
                                                        Idmap.NONE)))
                        .toList();
        volumes.fill(
                place,
                index.volume(),
                index.snapshots(),
                fillers,
                (directory, rootfs) ->
                        reader.unpack(BackupPart.VOLUME, directory, rootfs, Idmap.NONE));
        events.publishLifecycle(
                Lifecycle.of(
                                "storage-volume-created",
                                volumes.get(place).value().url(),
                                place.project())
                        .with("type", "custom"));
    }
}
