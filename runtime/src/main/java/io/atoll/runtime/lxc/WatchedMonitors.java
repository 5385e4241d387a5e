package io.atoll.runtime.lxc;

import io.atoll.base.DomainException;
import io.atoll.base.LazyLogger;
import io.atoll.linux.ErrnoException;
import io.atoll.runtime.Container;
import io.atoll.runtime.ContainerEvent;
import io.atoll.runtime.ContainerState;
import io.atoll.runtime.ExitReason;
import io.atoll.runtime.compiler.MonitorFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The monitors of one [LxcPath] as [LxcEvents] sees them. Each start makes a directory; when init
/// runs, a file `record` appears there; a start that fails removes the directory, and who has
/// started a container removes it when that has ended.
///
/// Everything runs on the looking thread of the events.
final class WatchedMonitors {
    private static final System.Logger LOG = LazyLogger.of(WatchedMonitors.class);

    private final LxcEvents events;
    private final LxcPath path;
    private final Path directory;
    private final Predicate<String> names;
    private final Map<String, Life> lives = new HashMap<>();

    /// The watch on [#directory], or on the nearest directory above that is there.
    private @Nullable WatchKey nearest;

    WatchedMonitors(LxcEvents events, LxcPath path, Predicate<String> names) {
        this.events = events;
        this.path = path;
        this.names = names;
        directory = path.monitors();
    }

    /// A start and what comes of it.
    ///
    /// States and who moves between them: *starting* (constructor) → *running* ([#started]) →
    /// *over* ([#gone]). A failed start goes from *starting* to *over* ([#look], [#started]).
    private static final class Life {
        final MonitorFiles files;

        /// Of its directory: the next start makes another.
        final Object inode;

        /// Nobody asked yet when it began.
        final boolean isOld;

        @Nullable WatchKey watch;
        @Nullable Container container;
        boolean isOver;
        boolean isFreezing;
        boolean isFrozen;

        Life(MonitorFiles files, Object inode, boolean isOld) {
            this.files = files;
            this.inode = inode;
            this.isOld = isOld;
        }

        boolean isStarting() {
            return container == null && !isOver;
        }
    }

    /// What is there already is no news.
    void begin() {
        settle();
        look(true);
    }

    /// Each step down may come too late: the next directory may have been made before the one above
    /// was watched.
    private void settle() {
        while (true) {
            Path at = directory;
            while (!Files.isDirectory(at) && at.getParent() != null) {
                at = at.getParent();
            }
            Optional<WatchKey> key =
                    events.watch(
                            at,
                            this::changed,
                            StandardWatchEventKinds.ENTRY_CREATE,
                            StandardWatchEventKinds.ENTRY_DELETE);
            boolean isOwn = at.equals(directory);
            if (key.isPresent()
                    && (isOwn
                            || !Files.isDirectory(
                                    at.resolve(at.relativize(directory).getName(0))))) {
                replaceNearest(key.get());
                return;
            }
        }
    }

    private void replaceNearest(WatchKey key) {
        WatchKey before = nearest;
        if (before != null && !before.equals(key)) {
            events.forget(before);
        }
        nearest = key;
    }

    private void changed() {
        WatchKey key = nearest;
        if (key == null || !key.isValid() || !directory.equals(key.watchable())) {
            settle();
        }
        look(false);
    }

    private void look(boolean isFirst) {
        List<String> present = present();
        for (Map.Entry<String, Life> entry : List.copyOf(lives.entrySet())) {
            Life life = entry.getValue();
            if (!life.inode.equals(inode(life.files.directory()))) {
                if (life.isStarting()) {
                    fail(entry.getKey(), life);
                }
                if (life.isOver) {
                    lives.remove(entry.getKey());
                }
            }
        }
        for (String name : present) {
            if (names.test(name) && !lives.containsKey(name)) {
                appeared(name, isFirst);
            }
        }
    }

    private List<String> present() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "gone meanwhile " + directory, e);
            return List.of();
        }
    }

    /// An object that is equal to no other if there is no such directory.
    private static Object inode(Path directory) {
        try {
            Object key = Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
            return key == null ? directory : key;
        } catch (IOException _) {
            return new Object();
        }
    }

    private void appeared(String name, boolean isFirst) {
        MonitorFiles files = new MonitorFiles(directory.resolve(name));
        Life life = new Life(files, inode(files.directory()), isFirst);
        Optional<WatchKey> key =
                events.watch(
                        files.directory(),
                        () -> started(name, life),
                        StandardWatchEventKinds.ENTRY_CREATE);
        if (key.isEmpty()) {
            return;
        }
        life.watch = key.get();
        lives.put(name, life);
        if (isFirst && Files.exists(files.exit()) && !Files.exists(files.record())) {
            over(life);
            return;
        }
        if (!isFirst) {
            tell(name, LxcState.STARTING);
        }
        started(name, life);
    }

    private void started(String name, Life life) {
        boolean isExitThere = Files.exists(life.files.exit());
        if (!life.isStarting() || !isExitThere && !Files.exists(life.files.record())) {
            return;
        }
        Optional<Container> found = find(name);
        if (found.isPresent()) {
            unwatch(life);
            life.container = found.get();
            if (!life.isOld) {
                tell(name, LxcState.RUNNING);
            }
            found.get().onEvent(event -> events.later(() -> happened(name, life, event)));
            alreadyFrozen(name, life, found.get());
            found.get().onGone(reason -> events.later(() -> gone(name, life, reason)));
        } else if (isExitThere) {
            Optional<ExitReason> reason =
                    path.containers()
                            .lastExit(name)
                            .filter(r -> r.kind() != ExitReason.Kind.UNKNOWN);
            if (reason.isEmpty()) {
                fail(name, life);
            } else {
                tell(name, LxcState.RUNNING);
                gone(name, life, reason.get());
            }
        }
    }

    /// Between the two looks it may have ended.
    private Optional<Container> find(String name) {
        try {
            return path.containers().find(name);
        } catch (ErrnoException | DomainException e) {
            LOG.log(System.Logger.Level.DEBUG, "not found container=" + name, e);
            return Optional.empty();
        }
    }

    /// Who freezes a container right after its start may be done before we hear of its events.
    private void alreadyFrozen(String name, Life life, Container container) {
        if (container.state() != ContainerState.FROZEN) {
            return;
        }
        if (life.isOld) {
            life.isFrozen = true;
        } else {
            frozen(name, life);
        }
    }

    private void happened(String name, Life life, ContainerEvent event) {
        switch (event) {
            case REBOOTING -> {
                thawed(life);
                tell(name, LxcState.STARTING);
            }
            case STARTED -> tell(name, LxcState.RUNNING);
            case FREEZING -> freezing(name, life);
            case FROZEN -> frozen(name, life);
            case THAWED -> {
                // It was frozen, also if that was before we heard of its events.
                frozen(name, life);
                thawed(life);
                tell(name, LxcState.THAWED, LxcState.RUNNING);
            }
        }
    }

    private void freezing(String name, Life life) {
        if (!life.isFreezing && !life.isFrozen) {
            life.isFreezing = true;
            tell(name, LxcState.FREEZING);
        }
    }

    private void frozen(String name, Life life) {
        freezing(name, life);
        if (!life.isFrozen) {
            life.isFrozen = true;
            tell(name, LxcState.FROZEN);
        }
    }

    private static void thawed(Life life) {
        life.isFreezing = false;
        life.isFrozen = false;
    }

    private void gone(String name, Life life, ExitReason reason) {
        events.tell(new LxcEvent.Exited(name, Math.max(0, reason.status())));
        tell(name, LxcState.STOPPING, LxcState.STOPPED);
        over(life);
        // The next start may be there already.
        look(false);
    }

    private void fail(String name, Life life) {
        tell(name, LxcState.ABORTING, LxcState.STOPPED);
        over(life);
    }

    private void over(Life life) {
        unwatch(life);
        life.isOver = true;
    }

    private void unwatch(Life life) {
        WatchKey key = life.watch;
        if (key != null) {
            events.forget(key);
            life.watch = null;
        }
    }

    private void tell(String name, LxcState... states) {
        for (LxcState state : states) {
            events.tell(new LxcEvent.Changed(name, state));
        }
    }
}
