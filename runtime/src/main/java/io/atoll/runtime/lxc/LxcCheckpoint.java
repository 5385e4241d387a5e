package io.atoll.runtime.lxc;

import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.MountSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Writes the processes of a running container to disk, by CRIU.
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
    private static final Duration TIMEOUT = Duration.ofMinutes(10);
    private static final int LOG_LINES = 3;

    /// Does it. Blocks.
    ///
    /// @throws UnsupportedException if there is no CRIU
    /// @throws UnavailableException with CRIU's own last words if it fails
    public void run(LxcContainer container) {
        if (Commands.find("criu").isEmpty()) {
            throw new UnsupportedException(
                    "checkpointing needs the program criu, which is not installed (package criu on"
                            + " Debian)");
        }
        String unused;
        try {
            Files.createDirectories(directory);
            unused =
                    Commands.run(
                                    Command.of(argv(container, CgroupLayout.detect()))
                                            .timeout(TIMEOUT))
                            .text();
        } catch (IOException e) {
            throw new UnavailableException("cannot make " + directory + ": " + e.getMessage(), e);
        } catch (CommandFailed e) {
            throw new UnavailableException(
                    "criu could not checkpoint "
                            + container.name()
                            + " (status "
                            + e.exit()
                            + "); "
                            + log()
                            + " says: "
                            + lastWords(),
                    e);
        }
    }

    private Path log() {
        return directory.resolve(isPreDump ? "pre-dump.log" : "dump.log");
    }

    /// What CRIU marks as errors at the end of its log.
    private String lastWords() {
        try {
            List<String> errors =
                    Files.readString(log()).lines().filter(l -> l.contains("Error")).toList();
            return errors.isEmpty()
                    ? "no error"
                    : String.join(
                            "; ",
                            errors.subList(Math.max(0, errors.size() - LOG_LINES), errors.size()));
        } catch (IOException e) {
            return "nothing (" + e.getMessage() + ")";
        }
    }

    /// CRIU's arguments, as liblxc gives them.
    List<String> argv(LxcContainer lxc, CgroupLayout layout) {
        Container container = lxc.mustRun();
        List<String> argv = new ArrayList<>();
        argv.addAll(List.of("criu", isPreDump ? "pre-dump" : "dump"));
        argv.addAll(
                List.of(
                        "--tcp-established",
                        "--file-locks",
                        "--link-remap",
                        "--manage-cgroups=full",
                        "--ext-mount-map",
                        "auto",
                        "--enable-external-sharing",
                        "--enable-external-masters",
                        "--enable-fs",
                        "hugetlbfs",
                        "--enable-fs",
                        "tracefs",
                        "-D",
                        directory.toString(),
                        "-o",
                        log().toString()));
        for (CgroupHierarchy hierarchy : layout.legacy()) {
            String controllers = String.join(",", hierarchy.controllers());
            container
                    .cgroup(hierarchy.controllers().iterator().next())
                    .map(CgroupFiles::directory)
                    .filter(path -> path.startsWith(hierarchy.mountPoint()))
                    .ifPresent(path -> {
                        argv.add("--cgroup-root");
                        argv.add(
                                controllers
                                        + ":"
                                        + path.substring(hierarchy.mountPoint().length()));
                    });
        }
        if (isVerbose) {
            argv.add("-v4");
        }
        script.ifPresent(file -> argv.addAll(List.of("--action-script", file)));
        LxcMounts parser = new LxcMounts(Optional.empty());
        for (LxcConfig.Setting setting : lxc.config().below("lxc.mount.entry")) {
            if (parser.parse(setting.value(), setting.where()) instanceof MountSpec.Bind bind) {
                String target = bind.target().value();
                argv.addAll(List.of("--ext-mount-map", target + ":" + target));
            }
        }
        argv.addAll(List.of("-t", Integer.toString(container.initPid()), "--skip-in-flight"));
        container
                .cgroup("freezer")
                .ifPresent(f -> argv.addAll(List.of("--freeze-cgroup", f.directory())));
        argv.addAll(List.of("--ext-mount-map", "/dev/console:console"));
        before.ifPresent(
                path -> argv.addAll(List.of("--prev-images-dir", path.toString(), "--track-mem")));
        argv.add("--force-irmap");
        if (!isStopping && !isPreDump) {
            argv.add("--leave-running");
        }
        return argv;
    }
}
