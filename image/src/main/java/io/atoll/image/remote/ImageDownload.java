package io.atoll.image.remote;

import io.atoll.base.Fingerprint;
import io.atoll.base.UnavailableException;
import io.atoll.image.FingerprintDigest;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.LongStream;

/// Fetches the files of an image, all at the same time, and checks them while they come.
public final class ImageDownload {
    private final HttpFetcher http;
    private final Function<URI, List<URI>> mirrors;

    /// @param mirrors where else a file can be had, itself first
    public ImageDownload(HttpFetcher http, Function<URI, List<URI>> mirrors) {
        this.http = http;
        this.mirrors = mirrors;
    }

    /// Writes the files of an image.
    ///
    /// @param targets exist and are empty, one for each file
    /// @throws UnavailableException if what came is not what the server promised
    public void fetch(RemoteImage image, List<Path> targets, TransferProgress progress)
            throws IOException {
        long total = RemoteImage.sizeOf(image.files());
        Tally tally = new Tally(targets.size(), total > 0 ? total : -1, progress);
        List<Callable<Boolean>> tasks = new ArrayList<>();
        for (int i = 0; i < targets.size(); i++) {
            int file = i;
            tasks.add(() -> {
                fetch(image.files().get(file), targets.get(file), tally.ofFile(file));
                return true;
            });
        }
        together(tasks);
        Fingerprint fingerprint = fingerprint(targets);
        if (!fingerprint.equals(image.fingerprint())) {
            throw new UnavailableException(
                    "Image fingerprint doesn't match: "
                            + image.files().getFirst().uri().getHost()
                            + " promised "
                            + image.fingerprint()
                            + " and sent "
                            + fingerprint);
        }
    }

    /// The first failure stops the others.
    private static void together(List<Callable<Boolean>> tasks) throws IOException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            ExecutorCompletionService<Boolean> running = new ExecutorCompletionService<>(threads);
            tasks.forEach(running::submit);
            try {
                for (int i = 0; i < tasks.size(); i++) {
                    boolean _ = running.take().get();
                }
            } catch (ExecutionException e) {
                threads.shutdownNow();
                switch (e.getCause()) {
                    case IOException failure -> throw failure;
                    case RuntimeException failure -> throw failure;
                    case null, default -> throw new IllegalStateException("unknown failure", e);
                }
            } catch (InterruptedException e) {
                threads.shutdownNow();
                Thread.currentThread().interrupt();
                throw new UnavailableException("The download was stopped", e);
            }
        }
    }

    /// Adds up how far the files are.
    private static final class Tally {
        private final long[] bytes;
        private final long[] speeds;
        private final long total;
        private final TransferProgress progress;

        Tally(int files, long total, TransferProgress progress) {
            this.bytes = new long[files];
            this.speeds = new long[files];
            this.total = total;
            this.progress = progress;
        }

        TransferProgress ofFile(int file) {
            return (done, _, speed) -> at(file, done, speed);
        }

        private synchronized void at(int file, long done, long speed) {
            bytes[file] = done;
            speeds[file] = speed;
            progress.at(
                    LongStream.of(bytes).sum(), total, LongStream.of(speeds).max().orElse(speed));
        }
    }

    /// Fetches one file, checked if it is known what it must be.
    ///
    /// @param target exists and is empty
    public void fetch(RemoteFile file, Path target, TransferProgress progress) throws IOException {
        try (HashedFile sink = new HashedFile(target)) {
            http.fetch(mirrors.apply(file.uri()), file.size().orElse(-1), sink, progress);
            String hash = sink.finish();
            Optional<String> wanted = file.sha256().filter(w -> !w.equals(hash));
            if (wanted.isPresent()) {
                throw new UnavailableException(
                        "Hash mismatch for "
                                + file.uri().getPath()
                                + " from "
                                + file.uri().getHost()
                                + ": "
                                + hash
                                + " != "
                                + wanted.get());
            }
        }
    }

    private static Fingerprint fingerprint(List<Path> files) throws IOException {
        FingerprintDigest digest = new FingerprintDigest();
        for (Path file : files) {
            long _ = Files.copy(file, digest.tee(OutputStream.nullOutputStream()));
        }
        return digest.finish();
    }

    private static final class HashedFile implements HttpFetcher.Sink, AutoCloseable {
        private final Path path;
        private final FingerprintDigest digest = new FingerprintDigest();
        private OutputStream out;

        HashedFile(Path path) throws IOException {
            this.path = path;
            this.out = Files.newOutputStream(path);
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            out.write(bytes, 0, length);
            digest.update(bytes, 0, length);
        }

        @Override
        public void restart() throws IOException {
            out.close();
            out = Files.newOutputStream(path);
            Fingerprint _ = digest.finish();
        }

        String finish() {
            return digest.finish().value();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
