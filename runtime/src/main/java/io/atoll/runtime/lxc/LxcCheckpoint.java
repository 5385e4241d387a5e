package io.atoll.runtime.lxc;

import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.Container;
import io.atoll.runtime.criu.Criu;
import io.atoll.runtime.criu.CriuArguments;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.MountSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Writes the processes of a running container to disk, by CRIU. [LxcContainer#restore] brings them
/// back.
///
/// @param directory for the images; made if missing
/// @param isStopping true to end the container when it is written
/// @param isPreDump true to write memory only, while it runs on
/// @param isVerbose true to let CRIU log everything
/// @param script CRIU's action script
/// @param before images of an earlier pre-dump
public record LxcCheckpoint(
        Path directory,
        boolean isStopping,
        boolean isPreDump,
        boolean isVerbose,
        Optional<String> script,
        Optional<Path> before) {
    /// Does it. Blocks.
    ///
    /// @throws UnsupportedException if CRIU does not work here
    /// @throws PreconditionFailedException if it could not be restored later
    /// @throws UnavailableException with CRIU's own last words if it fails; the container runs on
    ///   then, and nothing but the log is left of it
    public void run(LxcContainer container) {
        Criu.require();
        ContainerSpec spec = container.spec();
        if (spec.console().isPresent() || spec.devices().ttyCount() > 0) {
            throw new PreconditionFailedException(
                    "checkpointing needs lxc.console.path = none and lxc.tty.max = 0 in the"
                            + " configuration of "
                            + container.name()
                            + ": terminals that lead out of it cannot be restored");
        }
        CriuArguments.Dump dump = dump(container.mustRun(), spec);
        CriuArguments arguments =
                new CriuArguments(
                        Criu.program(),
                        directory,
                        cgroupRoots(container.mustRun(), CgroupLayout.detect()),
                        isVerbose,
                        script);
        Set<Path> had;
        try {
            Files.createDirectories(directory);
            had = images();
        } catch (IOException e) {
            throw new UnavailableException("cannot make " + directory + ": " + e.getMessage(), e);
        }
        try {
            Criu.run(arguments.dump(dump), "checkpoint " + container.name(), arguments.log(dump));
        } catch (UnavailableException e) {
            forget(had, e);
            throw e;
        }
    }

    private Set<Path> images() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return new HashSet<>(files.filter(f -> f.toString().endsWith(".img")).toList());
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

    private CriuArguments.Dump dump(Container container, ContainerSpec spec) {
        List<String> mounts =
                spec.mounts().stream()
                        .filter(m -> m instanceof MountSpec.Bind bind && !bind.isRelative())
                        .map(m -> m.target().value())
                        .toList();
        return new CriuArguments.Dump(
                container.initPid(),
                container.cgroup("freezer").map(CgroupFiles::directory),
                mounts,
                isPreDump,
                isStopping,
                before);
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

    static Path restoreLog(Path images) {
        return new CriuArguments(Criu.program(), images, List.of(), false, Optional.empty())
                .restoreLog();
    }
}
