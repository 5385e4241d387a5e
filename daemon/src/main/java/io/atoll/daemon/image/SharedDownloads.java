package io.atoll.daemon.image;

import io.atoll.base.Fingerprint;
import io.atoll.base.UnavailableException;
import io.atoll.image.ImageFile;
import io.atoll.image.remote.TransferProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;

/// Downloads of images, each one once however many ask for it at the same time. A download stops
/// when the last who asked for it gave up.
final class SharedDownloads {
    /// Fetches an image.
    interface Fetch {
        /// @return complete files; on failure it left none
        ImageFile run(TransferProgress progress) throws IOException;
    }

    /// Makes a name for a file that is not there.
    interface Names {
        Path make() throws IOException;
    }

    private final Names names;

    /// Guards `flights` and the number of passengers of each.
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<Fingerprint, Flight> flights = new HashMap<>();

    SharedDownloads(Names names) {
        this.names = names;
    }

    private static final class Flight {
        private final List<TransferProgress> watchers = new CopyOnWriteArrayList<>();
        private final FutureTask<ImageFile> task;
        private final Thread thread;
        private int passengers;

        Flight(Fetch fetch) {
            task =
                    new FutureTask<>(() ->
                            fetch.run((bytes, total, speed) ->
                                    watchers.forEach(w -> w.at(bytes, total, speed))));
            thread = Thread.ofVirtual().name("image-download").unstarted(task);
        }
    }

    /// What somebody does with the files of an image.
    interface Use<T> {
        /// @param file the user's own; what is left of it is removed afterwards
        T of(ImageFile file) throws IOException;
    }

    /// Fetches an image, or waits for the download of it that goes on already, and uses it. Blocks;
    /// an interrupt leaves the download to the others. Who asks before the use has ended gets the
    /// same download.
    <T> T fetch(Fingerprint image, Fetch fetch, TransferProgress progress, Use<T> use)
            throws IOException {
        Flight flight = board(image, fetch, progress);
        try {
            ImageFile file = linked(flight.task.get(), names);
            try {
                return use.of(file);
            } finally {
                discard(file);
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case null, default -> throw new IllegalStateException("unknown failure", e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("The download was stopped", e);
        } finally {
            leave(image, flight, progress);
        }
    }

    private Flight board(Fingerprint image, Fetch fetch, TransferProgress progress) {
        lock.lock();
        try {
            Flight flight = flights.get(image);
            if (flight == null) {
                flight = new Flight(fetch);
                flights.put(image, flight);
                flight.thread.start();
            }
            flight.passengers++;
            flight.watchers.add(progress);
            return flight;
        } finally {
            lock.unlock();
        }
    }

    private void leave(Fingerprint image, Flight flight, TransferProgress progress)
            throws IOException {
        boolean isLast;
        lock.lock();
        try {
            boolean _ = flight.watchers.remove(progress);
            flight.passengers--;
            isLast = flight.passengers == 0;
            if (isLast) {
                boolean _ = flights.remove(image, flight);
            }
        } finally {
            lock.unlock();
        }
        if (isLast) {
            end(flight);
        }
    }

    private static void end(Flight flight) throws IOException {
        if (!flight.task.isDone()) {
            flight.thread.interrupt();
        }
        boolean isInterrupted = Thread.interrupted();
        try {
            discard(flight.task.get());
        } catch (ExecutionException _) {
            // Whoever still waited was told; the download removed its files.
        } catch (InterruptedException _) {
            isInterrupted = true;
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// The same files under names of their own.
    static ImageFile linked(ImageFile file, Names names) throws IOException {
        Path metadata = link(file.metadata(), names);
        return file.rootfs().isPresent()
                ? ImageFile.split(metadata, link(file.rootfs().get(), names))
                : ImageFile.unified(metadata);
    }

    private static Path link(Path file, Names names) throws IOException {
        Path name = names.make();
        Files.delete(name);
        return Files.createLink(name, file);
    }

    /// Removes files that were not taken over.
    private static void discard(ImageFile file) throws IOException {
        Files.deleteIfExists(file.metadata());
        Optional<Path> rootfs = file.rootfs();
        if (rootfs.isPresent()) {
            Files.deleteIfExists(rootfs.get());
        }
    }
}
