package io.atoll.daemon.image;

import io.atoll.image.ImageFile;
import io.atoll.storage.ImageSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;

/// The files of an image, as a storage driver takes them.
record ImageFileSource(ImageFile file) implements ImageSource {
    @Override
    public Optional<Path> squashfs() throws IOException {
        return file.squashfs();
    }

    @Override
    public void unpackMetadata(Path directory) throws IOException {
        file.unpackMetadata(directory);
    }

    @Override
    public void streamRootfs(OutputStream tar) throws IOException {
        file.streamRootfs(tar);
    }

    @Override
    public void unpackRootfs(Path directory) throws IOException {
        file.unpackRootfs(directory);
    }
}
