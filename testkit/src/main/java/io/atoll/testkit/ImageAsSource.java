package io.atoll.testkit;

import io.atoll.image.ImageFile;
import io.atoll.storage.ImageSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;

/// An image's files as a pool imports them.
public record ImageAsSource(ImageFile image) implements ImageSource {
    @Override
    public Optional<Path> squashfs() throws IOException {
        return image.squashfs();
    }

    @Override
    public void unpackMetadata(Path directory) throws IOException {
        image.unpackMetadata(directory);
    }

    @Override
    public void streamRootfs(OutputStream tar) throws IOException {
        image.streamRootfs(tar);
    }

    @Override
    public void unpackRootfs(Path directory) throws IOException {
        image.unpackRootfs(directory);
    }
}
