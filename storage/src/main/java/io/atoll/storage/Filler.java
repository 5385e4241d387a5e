package io.atoll.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongSupplier;

/// Fills a new volume, for what comes from elsewhere: a backup, another pool, another host.
@FunctionalInterface
public interface Filler {
    /// @param directory the volume's own directory, for `backup.yaml`, `metadata.yaml`,
    ///   `templates/`
    /// @param rootfs where the files go, owner ids unshifted; exists and is empty. Of a block
    ///   volume the disk: a file, which takes the size of what is written to it, or a device
    void fill(Path directory, Path rootfs) throws IOException;

    /// How large the disk is that [#fill] will fill, asked right before; 0 if it does not say.
    default long diskBytes() {
        return 0;
    }

    /// A volume that this one begins as. A driver that has a better way to copy it than file by
    /// file may do that instead of [#fill], and then what comes after.
    ///
    /// @param driver of the pool where it is
    /// @param after what is done to the copy
    record Basis(StorageDriver driver, VolumeRef ref, Optional<Filler> after) {}

    /// What it begins as, if that is a volume.
    default Optional<Basis> basis() {
        return Optional.empty();
    }

    /// One whose files stand there already when another one begins.
    static Filler over(Filler basis, Filler after) {
        return new Filler() {
            @Override
            public void fill(Path directory, Path rootfs) throws IOException {
                basis.fill(directory, rootfs);
                after.fill(directory, rootfs);
            }

            @Override
            public Optional<Basis> basis() {
                return basis.basis()
                        .filter(b -> b.after().isEmpty())
                        .map(b -> new Basis(b.driver(), b.ref(), Optional.of(after)));
            }
        };
    }

    /// One that fills a disk of known size.
    static Filler ofDisk(LongSupplier bytes, Filler filler) {
        return new Filler() {
            @Override
            public void fill(Path directory, Path rootfs) throws IOException {
                filler.fill(directory, rootfs);
            }

            @Override
            public long diskBytes() {
                return bytes.getAsLong();
            }
        };
    }
}
