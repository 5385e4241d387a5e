package io.atoll.storage;

import io.atoll.storage.VolumeStreams.Part;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What LXD calls optimized refresh: a snapshot is known by the uuid of its subvolume on the server
/// that it comes from, and what it was made of stays, see [ReceivedStates].
final class BtrfsMigrations implements MigrationStreams {
    private final PoolDirectories directories;
    private final BtrfsStreams streams;

    BtrfsMigrations(PoolDirectories directories, BtrfsStreams streams) {
        this.directories = directories;
        this.streams = streams;
    }

    @Override
    public VolumeStreams.Sending send(VolumeRef files, List<String> snapshots, boolean areNamed) {
        return streams.send(
                files, snapshots, areNamed ? BtrfsStreams.Naming.SENT : BtrfsStreams.Naming.KNOWN);
    }

    @Override
    public boolean has(VolumeRef snapshot, List<Part> parts) {
        return directories.exists(snapshot)
                && !parts.isEmpty()
                && parts.stream()
                        .allMatch(part ->
                                ReceivedStates.find(
                                                directories,
                                                directories.path(snapshot),
                                                Arrival.uuid(part))
                                        .isPresent());
    }

    @Override
    public boolean isReceived(VolumeRef snapshot) {
        return directories.exists(snapshot)
                && ReceivedStates.of(directories, directories.path(snapshot)).findAny().isPresent();
    }

    @Override
    public void receive(
            VolumeName target, boolean isBlock, Arrival arrival, VolumeStreams.Source source) {
        streams.receive(target, isBlock, arrival, source, new Before(arrival));
    }

    private final class Before implements BtrfsStreams.Earlier {
        private final Arrival arrival;

        Before(Arrival arrival) {
            this.arrival = arrival;
        }

        private Path snapshot(String name) {
            return directories.existing(arrival.earlier().orElseThrow().snapshot(name));
        }

        /// The kept ones themselves are not called by their uuids, so that the program finds those
        /// in the folder, which it cannot leave.
        @Override
        public void lay(Path folder) {
            for (Part part : arrival.parts()) {
                if (arrival.kept().contains(part.snapshot())) {
                    Optional<Path> state =
                            ReceivedStates.find(
                                    directories, snapshot(part.snapshot()), Arrival.uuid(part));
                    state.ifPresent(
                            path -> ReceivedStates.lay(path, folder, Arrival.streamUuid(part)));
                }
            }
        }

        @Override
        public void copy(String snapshot, Path to) {
            SubvolumeTree.protect(to, SubvolumeTree.copyWhole(snapshot(snapshot), to));
        }
    }
}
