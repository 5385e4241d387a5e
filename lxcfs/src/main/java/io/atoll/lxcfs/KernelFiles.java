package io.atoll.lxcfs;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.ProcFiles;
import io.atoll.lxcfs.cgroup.HostFiles;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The host's real /proc, /sys and cgroup files.
final class KernelFiles implements HostFiles {
    @Override
    public Optional<String> read(String path) {
        try {
            return Optional.of(ProcFiles.read(path));
        } catch (ErrnoException _) {
            return Optional.empty();
        }
    }

    @Override
    public Optional<String> readLink(String path) {
        try {
            return Optional.of(ProcFiles.readLink(path));
        } catch (ErrnoException _) {
            return Optional.empty();
        }
    }

    @Override
    public List<String> directories(String path) {
        List<String> out = new ArrayList<>();
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(Path.of(path), Files::isDirectory)) {
            entries.forEach(e -> out.add(e.getFileName().toString()));
        } catch (IOException | java.nio.file.DirectoryIteratorException _) {
            return List.of();
        }
        return out;
    }
}
