package io.atoll.lxctools.disk;

import io.atoll.base.BusyException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Namespaces;
import io.atoll.lxctools.storage.Backend;
import io.atoll.lxctools.storage.Backends;
import io.atoll.lxctools.storage.RootfsView;
import io.atoll.lxctools.storage.StorageOptions;
import io.atoll.lxctools.storage.Trees;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Makes a container as a copy of another.
final class Copying {
    private static final Set<String> ROOTFS = Set.of("lxc.rootfs.path", "lxc.rootfs");
    private static final Set<String> NAMES = Set.of("lxc.uts.name", "lxc.utsname");
    private static final Set<String> EPHEMERAL = Set.of("lxc.ephemeral");
    private static final int SMALL_FILE = 65_536;

    private final Backends backends;
    private final StorageOptions options;

    Copying(Backends backends, StorageOptions options) {
        this.backends = backends;
        this.options = options;
    }

    /// Copies a stopped container. On failure nothing is left.
    ///
    /// @throws BusyException if the original runs
    /// @param isStill true if a running original stands still
    void copy(LxcContainer original, LxcContainer copy, CopyPlan plan, boolean isStill) {
        if (!original.isDefined()) {
            throw new NotFoundException(original.name() + " doesn't exist");
        }
        if (original.isRunning() && !isStill) {
            throw new BusyException(original.name() + " is running; stop it first");
        }
        Draft.sweep(original, backends);
        try (Draft draft = Draft.begin(copy, backends)) {
            String text = read(original.configFile());
            text = ConfigText.moved(text, original.directory(), copy.directory());
            if (!plan.keepsMac()) {
                text = ConfigText.withFreshMacs(text);
            }
            if (!plan.keepsName()) {
                text = ConfigText.with(text, "lxc.uts.name", NAMES, copy.name());
            }
            text = ConfigText.with(text, "lxc.ephemeral", EPHEMERAL, plan.isEphemeral() ? "1" : "");
            Optional<LxcRootfs> from =
                    original.config().find("lxc.rootfs.path").map(LxcRootfs::parse);
            if (from.isPresent()) {
                text = storage(original, draft, from.get(), text, plan);
            } else {
                draft.write(text);
            }
            copyFiles(original.directory(), copy.directory());
            draft.finish();
        }
    }

    private String storage(
            LxcContainer original, Draft draft, LxcRootfs from, String text, CopyPlan plan) {
        return Namespaces.withOwnMounts(() -> {
            LxcRootfs made = root(original, draft, from, plan);
            draft.add(() -> backends.of(made).delete(made));
            String whole = ConfigText.with(text, "lxc.rootfs.path", ROOTFS, made.render());
            draft.write(whole);
            if (!plan.keepsName() || !original.config().all("lxc.hook.clone").isEmpty()) {
                personalize(original, draft, made, plan);
            }
            return whole;
        });
    }

    private LxcRootfs root(LxcContainer original, Draft draft, LxcRootfs from, CopyPlan plan) {
        Backend own = backends.of(from);
        boolean hasOtherType =
                plan.backend().isPresent() && !isSame(plan.backend().get(), own.name());
        boolean isOverlayAsked = plan.backend().map(b -> b.startsWith("overlay")).orElse(false);
        if (plan.isSnapshot() && (!hasOtherType || isOverlayAsked)) {
            try {
                return share(original, draft, from, own);
            } catch (UnsupportedException e) {
                if (!plan.isEvenFull()) {
                    throw e;
                }
            }
        }
        boolean isCheap =
                from instanceof LxcRootfs.Overlay overlay
                        ? !Kin.ownsLayer(original, overlay)
                        : own.name().equals("btrfs");
        if (!hasOtherType && isCheap) {
            return share(original, draft, from, own);
        }
        return full(original, draft, from, plan.backend().orElse(own.name()));
    }

    private static LxcRootfs share(
            LxcContainer original, Draft draft, LxcRootfs from, Backend own) {
        LxcRootfs made = own.snapshot(from, draft.place());
        if (own.isSnapshotDependent() && !isOnOwnFeet(made)) {
            draft.add(() -> Kin.release(draft.container()));
            Kin.bind(original, draft.container(), made);
        }
        return made;
    }

    private static boolean isSame(String word, String name) {
        return word.equals(name) || word.equals(name + "fs");
    }

    /// True if no layer of an overlay is somebody else's directory.
    private static boolean isOnOwnFeet(LxcRootfs rootfs) {
        return rootfs instanceof LxcRootfs.Overlay overlay
                && overlay.lowers().stream().noneMatch(Files::isDirectory);
    }

    private LxcRootfs full(LxcContainer original, Draft draft, LxcRootfs from, String type) {
        Backend target = backends.byName(type, draft.container().path().directory());
        LxcRootfs made = target.create(draft.place(), options);
        Backend.Place there = new Backend.Place(original.directory(), original.name());
        LxcRootfs filled =
                made instanceof LxcRootfs.Overlay overlay
                        ? new LxcRootfs.Directory("dir", overlay.lowers().getFirst())
                        : made;
        try (RootfsView source = backends.of(from).open(from, there);
                RootfsView goal = backends.of(filled).open(filled, draft.place())) {
            Trees.copy(source.path(), goal.path());
        } catch (RuntimeException e) {
            target.delete(made);
            throw e;
        }
        return made;
    }

    /// Writes the new name into the copy and runs the hooks.
    private void personalize(LxcContainer original, Draft draft, LxcRootfs made, CopyPlan plan) {
        LxcContainer copy = draft.container();
        try (RootfsView view = backends.of(made).open(made, draft.place())) {
            if (!plan.keepsName()) {
                rename(view.path(), original.name(), copy.name());
            }
            DiskHooks.run(
                    copy,
                    "lxc.hook.clone",
                    "clone",
                    plan.hookArguments(),
                    Map.of(
                            "LXC_SRC_NAME", original.name(),
                            "LXC_ROOTFS_MOUNT", view.path().toString(),
                            "LXC_ROOTFS_PATH", made.render()));
        } catch (UnsupportedException e) {
            if (!copy.config().all("lxc.hook.clone").isEmpty()) {
                throw e;
            }
        }
    }

    /// The files belong to the container: they are reached as it would see them.
    private static void rename(Path root, String from, String to) {
        try (Fd top = Trees.directory(root)) {
            GuestFiles files = new GuestFiles(top);
            replace(files, "etc/hostname", from, to);
            replace(files, "etc/hosts", from, to);
        }
    }

    private static void replace(GuestFiles files, String path, String from, String to) {
        try {
            if (!files.exists(path)) {
                return;
            }
            String old = new String(files.read(path, SMALL_FILE), StandardCharsets.UTF_8);
            String changed = path.endsWith("hostname") ? to + "\n" : replaceWord(old, from, to);
            if (!changed.equals(old)) {
                files.write(path, changed.getBytes(StandardCharsets.UTF_8), 0644);
            }
        } catch (ErrnoException e) {
            // A link to nowhere, or something that is no file: the container's own affair.
            if (!e.is(Errno.ENOENT, Errno.ELOOP, Errno.EISDIR, Errno.ENOTDIR, Errno.EXDEV)) {
                throw e;
            }
        }
    }

    private static String replaceWord(String text, String from, String to) {
        return text.replaceAll(
                "(?<=\\s)" + java.util.regex.Pattern.quote(from) + "(?=[\\s.]|$)",
                java.util.regex.Matcher.quoteReplacement(to));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new InvalidConfigException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /// Small files beside the configuration, such as fstab and hooks.
    private static void copyFiles(Path from, Path to) {
        Set<String> own =
                Set.of(
                        "config",
                        "lxc_snapshots",
                        "lxc_rdepends",
                        "partial",
                        "rootdev",
                        "comment",
                        "ts");
        try (Stream<Path> entries = Files.list(from)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                boolean isOurs =
                        own.contains(name)
                                || name.endsWith(".squashfs")
                                || name.endsWith(".log")
                                || name.startsWith(".");
                boolean isFile = Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS);
                boolean isLinkToDelta = name.equals("rootfs") && Files.isSymbolicLink(entry);
                if (isLinkToDelta && !Files.exists(to.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                    Files.createSymbolicLink(to.resolve(name), Files.readSymbolicLink(entry));
                } else if (isFile && !isOurs && Files.size(entry) <= SMALL_FILE) {
                    Files.copy(
                            entry,
                            to.resolve(name),
                            StandardCopyOption.COPY_ATTRIBUTES,
                            StandardCopyOption.REPLACE_EXISTING);
                }
            }
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot copy files of " + from + ": " + e.getMessage(), e);
        }
    }
}
