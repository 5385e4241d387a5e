package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.CommandFailed;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Streams of a volume manager. An instance's volume is laid out as LXD has it, and a disk, too;
/// the files of a custom volume are not, and snapshots cannot be changed for it, so these are not
/// sent. What is received becomes a volume of ours file by file, which looks at everything once.
final class DatasetStreams implements VolumeStreams {
    private final DatasetDriver driver;

    DatasetStreams(DatasetDriver driver) {
        this.driver = driver;
    }

    @Override
    public boolean hasHeader() {
        return false;
    }

    @Override
    public boolean canSend(VolumeRef ref) {
        return ref.volume().type() == VolumeType.CONTAINER || driver.named(ref).isBlock();
    }

    private final class Ready implements Sending {
        private final List<Part> parts;
        private final List<String> frozen = new ArrayList<>();

        Ready(List<String> snapshots) {
            List<Part> all = new ArrayList<>(snapshots.stream().map(Part::whole).toList());
            all.add(Part.whole(""));
            parts = List.copyOf(all);
        }

        @Override
        public List<Part> parts() {
            return parts;
        }

        @Override
        public void write(Part part, OutputStream out) {
            int i = parts.indexOf(part);
            Optional<String> before = i == 0 ? Optional.empty() : Optional.of(frozen.get(i - 1));
            try {
                driver.datasets().send(frozen.get(i), before, out);
            } catch (CommandFailed e) {
                throw new InternalException("Failed to send: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            frozen.forEach(driver.datasets()::thaw);
        }
    }

    @Override
    public Sending send(VolumeRef files, List<String> snapshots, Optional<String> backupYaml) {
        Ready ready = new Ready(snapshots);
        try {
            for (String snapshot : snapshots) {
                DatasetName name = driver.named(files.volume().snapshot(snapshot));
                ready.frozen.add(driver.datasets().freeze(name));
            }
            ready.frozen.add(driver.datasets().freeze(driver.named(files)));
            return ready;
        } catch (CommandFailed e) {
            ready.close();
            throw new InternalException("Failed to send: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            ready.close();
            throw e;
        }
    }

    @Override
    public void receive(
            VolumeName target, boolean isBlock, List<Part> parts, Source source, Idmap shifted) {
        DatasetName taken = DatasetDriver.begin(isBlock);
        try {
            List<SnapshotFiller> states = new ArrayList<>();
            Optional<Filler> last = Optional.empty();
            for (Part part : parts) {
                if (!part.isWhole() || last.isPresent()) {
                    throw new InvalidConfigException(
                            "The backup has a stream that does not belong: " + part);
                }
                DatasetName state = taken.at(part.snapshot());
                take(state, source, part);
                Filler filler = isBlock ? disk(state) : files(state, target, shifted);
                if (part.snapshot().isEmpty()) {
                    last = Optional.of(filler);
                } else {
                    states.add(new SnapshotFiller(part.snapshot(), filler));
                }
            }
            Filler current =
                    last.orElseThrow(() ->
                            new InvalidConfigException(
                                    "The backup does not end with the volume itself"));
            if (isBlock) {
                driver.createBlock(target, 0, states, current);
            } else {
                driver.createFilled(target, states, current);
            }
        } finally {
            driver.drop(taken);
        }
    }

    private void take(DatasetName state, Source source, Part part) {
        try {
            driver.begun(state);
            driver.datasets().receive(state, source.of(part));
        } catch (CommandFailed e) {
            throw new InvalidConfigException("The backup is damaged: " + e.getMessage(), e);
        }
    }

    private Filler disk(DatasetName state) {
        return Filler.ofDisk(
                () -> BlockDisk.size(driver.open(state)),
                (_, disk) -> BlockDisk.copy(driver.open(state), disk));
    }

    private Filler files(DatasetName state, VolumeName target, Idmap shifted) {
        return (directory, _) -> {
            try {
                ReceivedVolume.copy(
                        driver.open(state),
                        ReceivedVolume.Kind.of(target, false),
                        directory,
                        shifted);
            } finally {
                driver.close(state);
            }
        };
    }
}
