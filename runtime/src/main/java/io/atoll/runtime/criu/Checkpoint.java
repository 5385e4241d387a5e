package io.atoll.runtime.criu;

import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.Container;
import io.atoll.runtime.compiler.CriuRestore;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.MountSpec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Writes the processes of a running container to disk, by CRIU. A start with [#restoring] brings
/// them back.
///
/// @param directory for the images; made if missing
/// @param isStopping true to end the container when it is written
/// @param isPreDump true to write memory only, while it runs on
/// @param isVerbose true to let CRIU log everything
/// @param script CRIU's action script
/// @param before images of an earlier pre-dump; what is relative is so to `directory`
public record Checkpoint(
        Path directory,
        boolean isStopping,
        boolean isPreDump,
        boolean isVerbose,
        Optional<String> script,
        Optional<Path> before) {
    /// Says what the console was known by.
    private static final String TERMINAL = "terminal";

    /// What the container knows its boot by.
    private static final String BOOT_ID = "boot-id";

    /// What is in its `/dev`.
    private static final String DEV = "dev";

    /// There is no complete dump without it.
    private static final String INVENTORY = "inventory.img";

    /// Fields of a line of `mountinfo`; proc(5).
    private static final int MOUNT_ROOT = 3;

    private static final int MOUNT_POINT = 4;
    private static final int UUID_MAX = 37;
    private static final Pattern UUID = Pattern.compile("[0-9a-f-]{36}\n");
    private static final long CHARACTER_DEVICE = 0020000;
    private static final long TYPE = 0170000;

    /// Does it. Blocks.
    ///
    /// @param name of the container, for messages
    /// @param spec what it was started from
    /// @throws PreconditionFailedException if it could not be restored later
    /// @throws UnavailableException with CRIU's own last words if it fails; the container runs on
    ///   then, and nothing but the log is left of it
    public void run(String name, Container container, ContainerSpec spec) {
        CriuArguments.Dump dump = dump(name, container, spec);
        CriuArguments arguments =
                new CriuArguments(
                        Criu.program(),
                        directory,
                        cgroupRoots(container, CgroupLayout.detect()),
                        isVerbose,
                        script);
        Set<Path> had;
        try {
            Files.createDirectories(directory);
            had = images();
            if (dump.terminal().isPresent()) {
                Files.writeString(directory.resolve(TERMINAL), dump.terminal().get());
            }
            Files.writeString(directory.resolve(BOOT_ID), bootId(container));
            DevTree.write(directory.resolve(DEV), DevTree.read(proc(container, "root/dev")));
        } catch (IOException e) {
            throw new UnavailableException("cannot make " + directory + ": " + e.getMessage(), e);
        }
        try {
            Criu.run(arguments.dump(dump), "checkpoint " + name, arguments.log(dump));
        } catch (UnavailableException e) {
            forget(had, e);
            throw e;
        }
    }

    /// What it shows, if that looks like one.
    private static String bootId(Container container) throws IOException {
        Path file =
                Path.of("/proc/" + container.initPid() + "/root/proc/sys/kernel/random/boot_id");
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return "";
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            String text = new String(in.readNBytes(UUID_MAX), StandardCharsets.US_ASCII);
            return UUID.matcher(text).matches() ? text : "";
        }
    }

    private static String read(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }

    /// True if a complete dump is in a directory.
    public static boolean isIn(Path images) {
        return Files.isRegularFile(images.resolve(INVENTORY));
    }

    /// What a start needs to begin from images. Removes the log of a start before.
    public static CriuRestore restoring(Path images, boolean isVerbose, Optional<String> script) {
        try {
            Files.deleteIfExists(restoreLog(images));
            return new CriuRestore(
                    Criu.program(),
                    images,
                    isVerbose,
                    script,
                    Optional.of(read(images.resolve(TERMINAL))).filter(t -> !t.isEmpty()),
                    read(images.resolve(BOOT_ID)),
                    DevTree.parse(images.resolve(DEV)));
        } catch (IOException e) {
            throw new UnavailableException("cannot read " + images + ": " + e.getMessage(), e);
        }
    }

    /// What CRIU said last of a restore that failed; empty if it did not come to that.
    public static Optional<String> lastWords(Path images) {
        Path log = restoreLog(images);
        return Files.exists(log) ? Optional.of(Criu.lastWords(log)) : Optional.empty();
    }

    private static Path restoreLog(Path images) {
        return new CriuArguments(Criu.program(), images, List.of(), false, Optional.empty())
                .restoreLog();
    }

    private Set<Path> images() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return new HashSet<>(
                    files.filter(f ->
                                    f.toString().endsWith(".img")
                                            || f.endsWith(TERMINAL)
                                            || f.endsWith(BOOT_ID)
                                            || f.endsWith(DEV))
                            .toList());
        }
    }

    /// Half of the images would only look as if they were of use.
    private void forget(Set<Path> had, UnavailableException failure) {
        try {
            for (Path image : images()) {
                if (!had.contains(image)) {
                    Files.delete(image);
                }
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private CriuArguments.Dump dump(String name, Container container, ContainerSpec spec) {
        List<CriuArguments.Mount> mounts = new ArrayList<>();
        for (MountSpec mount : spec.mounts()) {
            if (mount instanceof MountSpec.Bind bind && !bind.isRelative()) {
                String target = bind.target().value();
                mounts.add(new CriuArguments.Mount(target, target));
            }
        }
        if (spec.devices().isPopulated()) {
            // Nodes of devices are nothing that a user namespace could make again.
            mounts.add(new CriuArguments.Mount("/dev", CriuArguments.DEV));
            mounts.add(
                    new CriuArguments.Mount(
                            "/proc/sys/kernel/random/boot_id", CriuArguments.BOOT_ID));
        }
        requireThere(name, container, mounts);
        Optional<String> terminal = Optional.empty();
        if (spec.console().isPresent()) {
            String target = "/dev/" + path(spec);
            mounts.add(new CriuArguments.Mount(target, CriuArguments.CONSOLE));
            terminal = Optional.of(terminal(name, container, target));
        }
        return new CriuArguments.Dump(
                container.initPid(),
                container.cgroup("freezer").map(CgroupFiles::directory),
                mounts,
                isPreDump,
                isStopping,
                before,
                terminal);
    }

    /// CRIU makes a file anew that is gone but mounted, and cannot do so outside.
    private static void requireThere(
            String name, Container container, List<CriuArguments.Mount> mounts) {
        try {
            for (String line : Files.readAllLines(proc(container, "mountinfo"))) {
                String[] fields = line.split(" ");
                if (fields.length > MOUNT_POINT
                        && fields[MOUNT_ROOT].endsWith("//deleted")
                        && mounts.stream().anyMatch(m -> m.target().equals(fields[MOUNT_POINT]))) {
                    throw new PreconditionFailedException(
                            "what is mounted at "
                                    + fields[MOUNT_POINT]
                                    + " in "
                                    + name
                                    + " was deleted and could not be restored; restart it first");
                }
            }
        } catch (IOException e) {
            throw new UnavailableException("cannot read the mounts of " + name + ": " + e, e);
        }
    }

    private static Path proc(Container container, String file) {
        return Path.of("/proc", Integer.toString(container.initPid()), file);
    }

    private static String path(ContainerSpec spec) {
        String directory = spec.devices().ttyDirectory();
        return (directory.isEmpty() ? "" : directory + "/") + "console";
    }

    private static String terminal(String name, Container container, String target) {
        Path file = Path.of("/proc/" + container.initPid() + "/root" + target);
        try {
            long mode = attribute(file, "unix:mode");
            if ((mode & TYPE) == CHARACTER_DEVICE) {
                return "tty["
                        + Long.toHexString(attribute(file, "unix:rdev"))
                        + ":"
                        + Long.toHexString(attribute(file, "unix:dev"))
                        + "]";
            }
        } catch (IOException _) {
            // As one that is no terminal.
        }
        throw new PreconditionFailedException(
                "the console of "
                        + name
                        + " is no longer at "
                        + target
                        + ", so that its programs cannot be saved; restart it");
    }

    private static long attribute(Path file, String name) throws IOException {
        Object value = Files.getAttribute(file, name, LinkOption.NOFOLLOW_LINKS);
        return ((Number) value).longValue();
    }

    private static List<String> cgroupRoots(Container container, CgroupLayout layout) {
        List<String> out = new ArrayList<>();
        for (CgroupHierarchy hierarchy : layout.legacy()) {
            container
                    .cgroup(hierarchy.controllers().iterator().next())
                    .map(CgroupFiles::directory)
                    .filter(path -> path.startsWith(hierarchy.mountPoint()))
                    .ifPresent(path ->
                            out.add(
                                    String.join(",", hierarchy.controllers())
                                            + ":"
                                            + path.substring(hierarchy.mountPoint().length())));
        }
        if (layout.legacy().isEmpty()) {
            layout.unified()
                    .flatMap(h ->
                            container
                                    .cgroup("memory")
                                    .map(CgroupFiles::directory)
                                    .filter(path -> path.startsWith(h.mountPoint()))
                                    .map(path -> path.substring(h.mountPoint().length())))
                    .ifPresent(out::add);
        }
        return out;
    }
}
