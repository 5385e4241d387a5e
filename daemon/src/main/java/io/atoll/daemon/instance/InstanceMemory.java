package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.instance.config.ConfigKey;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Inodes;
import io.atoll.linux.Opens;
import io.atoll.runtime.Container;
import io.atoll.runtime.Containers;
import io.atoll.runtime.StartOptions;
import io.atoll.runtime.compiler.CriuRestore;
import io.atoll.runtime.criu.Checkpoint;
import io.atoll.runtime.criu.Criu;
import io.atoll.runtime.criu.DumpStats;
import io.atoll.runtime.spec.ContainerSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/// The processes of instances on disk, saved by CRIU in the directory `state` beside the root file
/// system. An instance's record says whether what is there means anything.
///
/// While processes are being saved the record is marked ([Pending.Kind#SAVE]), because CRIU goes on
/// if the daemon dies.
final class InstanceMemory {
    private static final String DIRECTORY = "state";

    /// Within it. Root inside reads them, too, while it comes back; the directory around them is
    /// root's alone, for memory is nobody else's business.
    private static final String IMAGES = "images";

    /// The owner ids that the saved processes have.
    private static final String IDS = "ids";

    private final InstanceTable table;
    private final Ports ports;
    private final Preparation preparation;
    private final Containers containers;

    InstanceMemory(
            InstanceTable table, Ports ports, Preparation preparation, Containers containers) {
        this.table = table;
        this.ports = ports;
        this.preparation = preparation;
        this.containers = containers;
    }

    /// Where an instance's are.
    Path directory(InstanceRecord instance) {
        return volume(instance).resolve(DIRECTORY);
    }

    private Path images(InstanceRecord instance) {
        return images(directory(instance));
    }

    /// Where CRIU's files are in such a directory.
    static Path images(Path directory) {
        return directory.resolve(IMAGES);
    }

    private Path volume(InstanceRecord instance) {
        return ports.rootPool(table.expand(instance))
                .directory(InstanceVolumes.volume(instance).current());
    }

    /// Makes the directory, for root alone.
    ///
    /// @param volume the directory of an instance's volume
    static Path make(Path volume) throws IOException {
        return Files.createDirectory(
                volume.resolve(DIRECTORY),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    /// Says whether an instance can be saved so that it comes back. Changes nothing.
    ///
    /// @throws UnsupportedException with the way out if it cannot
    void require(InstanceRecord instance, Container container) {
        Criu.require();
        ContainerSpec spec = preparation.prepare(instance).spec();
        if (!spec.security().interceptions().isEmpty()) {
            throw new UnsupportedException(
                    "Processes whose system calls the server answers cannot be saved; unset"
                            + " security.syscalls.intercept.* and restart the instance");
        }
        if (!ids(instance, ConfigKeys.IDMAP_NEXT).equals(ids(instance, ConfigKeys.IDMAP_CURRENT))) {
            throw new PreconditionFailedException(
                    "The instance is to start with other owner ids than it has now and could not"
                            + " come back; restart it first");
        }
        CriuRestore restore = Checkpoint.restoring(images(instance), false, Optional.empty());
        var unused =
                containers.explain(
                        spec,
                        new StartOptions(Optional.empty(), Optional.empty(), Optional.of(restore)));
        if (container.isOrphaned()) {
            throw new PreconditionFailedException(
                    "The monitor of the instance was killed, so that it could not be saved;"
                            + " restart it first");
        }
    }

    private static Idmap ids(InstanceRecord instance, ConfigKey<?> key) {
        return IdmapJson.parse(instance.config(key.name()));
    }

    /// What is done before a dump while the instance runs on.
    @FunctionalInterface
    interface Before {
        /// @param images where the dump will be; what is written below it goes with it
        /// @return the last pre-dump, relative to `images`
        Optional<Path> run(InstanceRecord instance, Container container, Path images);
    }

    /// Writes the processes of a running instance, whose lock is held. Ends with the record marked,
    /// to be followed by [#keep] or [#drop]; if it fails nothing is left. Blocks.
    ///
    /// @param isStopping whether they end
    void save(InstanceRecord instance, Container container, boolean isStopping) {
        save(instance, container, isStopping, (_, _, _) -> Optional.empty());
    }

    /// As above, with something before.
    void save(InstanceRecord instance, Container container, boolean isStopping, Before before) {
        RecordKey key = instance.key();
        forget(instance);
        InstanceRecord unused =
                table.update(
                        key,
                        now -> now.withPending(isStopping ? Pending.STOP_SAVED : Pending.SAVE));
        try {
            Path directory = make(volume(instance));
            Files.writeString(
                    directory.resolve(IDS),
                    IdmapJson.render(ids(instance, ConfigKeys.IDMAP_CURRENT)));
            Path images =
                    Files.createDirectory(
                            images(directory),
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rwx--x--x")));
            Optional<Path> last = before.run(instance, container, images);
            write(instance, container, new Round(images, isStopping, false, last));
        } catch (IOException e) {
            drop(instance);
            throw new InternalException("Failed to save the processes: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            drop(instance);
            throw e;
        }
    }

    /// One run of CRIU.
    ///
    /// @param isPreDump memory alone
    /// @param before an earlier pre-dump, relative to `directory`
    record Round(Path directory, boolean isStopping, boolean isPreDump, Optional<Path> before) {}

    /// Runs CRIU once.
    void write(InstanceRecord instance, Container container, Round round) {
        new Checkpoint(
                        round.directory(),
                        round.isStopping(),
                        round.isPreDump(),
                        false,
                        Optional.empty(),
                        round.before())
                .run(instance.name(), container, preparation.prepare(instance).spec());
    }

    /// What was saved is what the instance begins from when it starts again.
    void keep(RecordKey key) {
        InstanceRecord unused =
                table.update(key, now -> now.withStateful(true).withPending(Pending.NOTHING));
    }

    /// What was saved is of no use any more.
    void drop(InstanceRecord instance) {
        forget(instance);
        InstanceRecord unused =
                table.update(
                        instance.key(),
                        now -> now.withStateful(false).withPending(Pending.NOTHING));
    }

    /// Removes the files. Does nothing if there are none.
    void forget(InstanceRecord instance) {
        forget(volume(instance));
    }

    /// As above.
    ///
    /// @param volume the directory of an instance's volume
    static void forget(Path volume) {
        if (Files.isDirectory(volume.resolve(DIRECTORY))) {
            try (Fd parent = Opens.open(volume.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0)) {
                Inodes.deleteTree(parent, DIRECTORY);
            }
        }
    }

    /// What a start begins from.
    ///
    /// @throws UnsupportedException if CRIU does not work here
    /// @throws PreconditionFailedException if the processes could not be what they were
    CriuRestore restoring(Preparation.Prepared prepared) {
        Path directory = directory(prepared.instance());
        if (!Checkpoint.isIn(images(directory))) {
            throw new PreconditionFailedException(
                    "The saved processes of the instance are gone; start it with --stateless");
        }
        Criu.require();
        try {
            if (!Files.readString(directory.resolve(IDS))
                    .equals(IdmapJson.render(prepared.idmap()))) {
                throw new PreconditionFailedException(
                        "The saved processes have other owner ids than the instance has now; give"
                                + " it those back, or start it with --stateless");
            }
        } catch (IOException e) {
            throw new InternalException("Failed to read the saved processes: " + e, e);
        }
        return Checkpoint.restoring(images(directory), false, Optional.empty());
    }

    /// Says whether processes can be brought back from a snapshot.
    ///
    /// @throws InvalidConfigException in LXD's words if there are none
    static void requireRestore(SnapshotRecord snapshot) {
        if (!snapshot.instance().isStateful()) {
            throw new InvalidConfigException(
                    "Stateful snapshot restore requested by snapshot is stateless");
        }
        Criu.require();
    }

    /// Whether CRIU has written everything, while nobody looked. The counts come last.
    boolean isComplete(InstanceRecord instance) {
        Path images = images(instance);
        return Checkpoint.isIn(images) && DumpStats.isIn(images);
    }
}
