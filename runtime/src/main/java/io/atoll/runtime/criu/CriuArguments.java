package io.atoll.runtime.criu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The arguments of `criu dump`, `criu pre-dump` and `criu restore`, as liblxc gives them; criu(8).
/// Pure.
///
/// What saving and bringing back have to agree on stands in one place each: mounts that come from
/// outside are known by their place inside, whatever they are mounted from, and cgroups by the
/// container's own, wherever that is.
///
/// @param program `criu`, or where it is
/// @param images the directory of the images
/// @param cgroupRoots of the container, `CONTROLLERS:/PATH`; only `/PATH` with version 2
/// @param isVerbose log everything
/// @param script action script
public record CriuArguments(
        String program,
        Path images,
        List<String> cgroupRoots,
        boolean isVerbose,
        Optional<String> script) {
    /// Written by `restore` when init is there.
    public static final String PID_FILE = "restored.pid";

    /// What mounts that we make ourselves are called between a dump and a restore.
    public static final String DEV = "dev";

    /// See [#DEV].
    public static final String BOOT_ID = "boot_id";

    /// See [#DEV].
    public static final String CONSOLE = "console";

    public CriuArguments {
        cgroupRoots = List.copyOf(cgroupRoots);
    }

    /// What is done to a running container.
    ///
    /// @param initPid its init
    /// @param freezer its directory of the freezer, if it has one
    /// @param mounts what is mounted from outside, by its place inside
    /// @param isPreDump write memory only, while it runs on
    /// @param isStopping end it when it is written
    /// @param before images of an earlier pre-dump; what is relative is so to the images' directory
    /// @param terminal what CRIU knows a terminal by that leads out of it
    public record Dump(
            int initPid,
            Optional<String> freezer,
            List<Mount> mounts,
            boolean isPreDump,
            boolean isStopping,
            Optional<Path> before,
            Optional<String> terminal) {
        public Dump {
            mounts = List.copyOf(mounts);
        }
    }

    /// Something mounted from outside, in a dump.
    ///
    /// @param name by which a restore knows it
    public record Mount(String target, String name) {}

    /// Something mounted from outside, in a restore.
    ///
    /// @param name of the dump
    /// @param source where it is now
    public record External(String name, Path source) {}

    /// An interface of the container.
    ///
    /// @param kind `veth` or `macvlan`
    /// @param name inside
    /// @param outside what it is to be joined to: the name of a veth's end on the host, with
    ///   `@BRIDGE` if it is a port of one, or the parent
    public record Link(String kind, String name, String outside) {}

    /// What brings a container back.
    ///
    /// @param root where its root file system is mounted
    /// @param pidFile gets the pid of its init
    /// @param label its AppArmor profile
    /// @param terminal what CRIU knew a terminal by; criu has the new one as its standard input
    public record Restore(
            Path root,
            Path pidFile,
            List<External> mounts,
            List<Link> links,
            Optional<String> label,
            Optional<String> terminal) {
        public Restore {
            mounts = List.copyOf(mounts);
            links = List.copyOf(links);
        }
    }

    /// The log of a dump.
    public Path log(Dump dump) {
        return images.resolve(dump.isPreDump() ? "pre-dump.log" : "dump.log");
    }

    /// The log of a restore.
    public Path restoreLog() {
        return images.resolve("restore.log");
    }

    public List<String> dump(Dump dump) {
        List<String> argv = common(dump.isPreDump() ? "pre-dump" : "dump", log(dump));
        dump.mounts()
                .forEach(m -> argv.addAll(List.of("--ext-mount-map", m.target() + ":" + m.name())));
        dump.terminal().ifPresent(id -> argv.addAll(List.of("--external", id)));
        argv.addAll(List.of("-t", Integer.toString(dump.initPid()), "--skip-in-flight"));
        dump.freezer().ifPresent(f -> argv.addAll(List.of("--freeze-cgroup", f)));
        dump.before()
                .ifPresent(path -> {
                    argv.addAll(List.of("--prev-images-dir", path.toString()));
                });
        if (dump.isPreDump() || dump.before().isPresent()) {
            argv.add("--track-mem");
        }
        argv.add("--force-irmap");
        if (!dump.isStopping() && !dump.isPreDump()) {
            argv.add("--leave-running");
        }
        return argv;
    }

    public List<String> restore(Restore restore) {
        List<String> argv = common("restore", restoreLog());
        restore.mounts()
                .forEach(m -> argv.addAll(List.of("--ext-mount-map", m.name() + ":" + m.source())));
        restore.terminal().ifPresent(id -> argv.addAll(List.of("--inherit-fd", "fd[0]:" + id)));
        // Its newer way to mount cannot bind what lies outside of the root.
        argv.add("--mntns-compat-mode");
        argv.addAll(List.of("--root", restore.root().toString(), "--restore-detached"));
        argv.addAll(List.of("--pidfile", restore.pidFile().toString()));
        restore.label().ifPresent(l -> argv.addAll(List.of("--lsm-profile", "apparmor:" + l)));
        for (Link link : restore.links()) {
            argv.addAll(
                    List.of("--external", link.kind() + "[" + link.name() + "]:" + link.outside()));
        }
        return argv;
    }

    private List<String> common(String action, Path log) {
        List<String> argv = new ArrayList<>(List.of(program, action));
        argv.addAll(
                List.of(
                        "--tcp-established",
                        "--file-locks",
                        "--link-remap",
                        "--ext-unix-sk",
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
                        images.toString(),
                        "-o",
                        log.toString()));
        cgroupRoots.forEach(root -> argv.addAll(List.of("--cgroup-root", root)));
        if (isVerbose) {
            argv.add("-v4");
        }
        script.ifPresent(file -> argv.addAll(List.of("--action-script", file)));
        return argv;
    }
}
