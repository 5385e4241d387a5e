package io.atoll.storage;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;

/// Where the content of an image volume comes from. The storage module knows no archive formats;
/// whoever imports an image adapts its files to this.
public interface ImageSource {
    /// The root file system as one squashfs file, if the image came as such. It is not changed, and
    /// must stay as it is for the life of the volume: it may be linked instead of copied.
    Optional<Path> squashfs() throws IOException;

    /// Writes `metadata.yaml` and `templates/` into an existing directory.
    void unpackMetadata(Path directory) throws IOException;

    /// Writes the root file system as a plain tar stream. Only called if there is no squashfs.
    void streamRootfs(OutputStream tar) throws IOException;

    /// Unpacks the root file system into an existing empty directory. Only called if there is no
    /// squashfs.
    void unpackRootfs(Path directory) throws IOException;

    /// Something of a directory or a stream.
    @FunctionalInterface
    interface Step<T> {
        void run(T target) throws IOException;
    }

    /// Says whether there is a file.
    @FunctionalInterface
    interface Finder {
        Optional<Path> find() throws IOException;
    }

    /// One whose parts are somebody's methods.
    static ImageSource of(
            Finder squashfs, Step<Path> metadata, Step<OutputStream> stream, Step<Path> rootfs) {
        return new ImageSource() {
            @Override
            public Optional<Path> squashfs() throws IOException {
                return squashfs.find();
            }

            @Override
            public void unpackMetadata(Path directory) throws IOException {
                metadata.run(directory);
            }

            @Override
            public void streamRootfs(OutputStream tar) throws IOException {
                stream.run(tar);
            }

            @Override
            public void unpackRootfs(Path directory) throws IOException {
                rootfs.run(directory);
            }
        };
    }
}
