package io.atoll.lxctools.disk;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.storage.Trees;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A copy that is started at once and goes away when it stops.
///
/// @param mounts values of `-m`
/// @param isInMemory its changes are on a tmpfs
/// @param keepsData it stays when it stops
/// @param isForeground its console is the caller's terminal
/// @param command to run in it and then stop it; empty to let it run
/// @param user of the copy that runs the command, by name or number
record Ephemeral(
        Call call,
        List<String> mounts,
        boolean isInMemory,
        boolean keepsData,
        boolean isForeground,
        List<String> command,
        Optional<String> user,
        boolean keepsName,
        boolean keepsMac) {
    Ephemeral {
        mounts = List.copyOf(mounts);
        command = List.copyOf(command);
    }

    static Ephemeral of(Call call) {
        return new Ephemeral(
                call,
                call.options().values("mount"),
                call.options().has("tmpfs"),
                call.options().has("keepdata"),
                call.options().has("foreground"),
                call.words(),
                call.options().value("user"),
                call.options().has("keepname"),
                call.options().has("keepmac"));
    }

    /// Copies, starts and, with a command, runs it and stops.
    ///
    /// @return the exit status for the caller
    int run(LxcContainer original, LxcContainer copy) {
        List<String> entries = new ArrayList<>();
        for (String list : mounts) {
            for (String mount : list.split(",")) {
                entries.add(entry(mount, copy));
            }
        }
        boolean wasRunning = original.isRunning();
        if (wasRunning) {
            original.freeze();
        }
        try {
            CopyPlan plan =
                    new CopyPlan(
                            true,
                            false,
                            call.options().has("backingstorage")
                                    ? call.options().value("backingstorage")
                                    : Optional.of("overlay"),
                            keepsName,
                            keepsMac,
                            !keepsData,
                            List.of());
            CopyTool.copying(call).copy(original, copy, plan, wasRunning);
        } finally {
            if (wasRunning) {
                original.unfreeze();
            }
        }
        if (isInMemory) {
            entries.addAll(memory(copy));
        }
        append(copy, entries);
        call.line("Created " + copy.name() + " as clone of " + original.name());
        int started = start(copy);
        if (started != 0) {
            int unused = SubTool.run(call, "lxc-destroy", List.of("-f", "-n", copy.name()));
            return started;
        }
        return command.isEmpty() ? 0 : runCommand(copy);
    }

    private int start(LxcContainer copy) {
        String mode = isForeground && command.isEmpty() ? "-F" : "-d";
        return SubTool.run(call, "lxc-start", List.of(mode, "-n", copy.name()));
    }

    private int runCommand(LxcContainer copy) {
        List<String> words = new ArrayList<>(List.of("-n", copy.name()));
        user.ifPresent(name -> words.addAll(List.of("-u", name)));
        words.add("--");
        words.addAll(command);
        int status = SubTool.run(call, "lxc-attach", words);
        int unused = SubTool.run(call, "lxc-stop", List.of("-n", copy.name(), "-t", "5"));
        return status;
    }

    /// Hooks that put the upper layer on a file system in memory.
    private static List<String> memory(LxcContainer copy) {
        LxcRootfs rootfs =
                LxcRootfs.parse(
                        copy.path()
                                .container(copy.name())
                                .config()
                                .find("lxc.rootfs.path")
                                .orElse("/"));
        if (!(rootfs instanceof LxcRootfs.Overlay overlay)) {
            throw new InvalidConfigException("-t needs an overlay, not storage " + rootfs.driver());
        }
        Path directory = Optional.ofNullable(overlay.upper().getParent()).orElse(Path.of("/"));
        String mode =
                "mount -t tmpfs -o mode=0755 none "
                        + directory
                        + " && mkdir -m 755 "
                        + overlay.upper()
                        + " "
                        + overlay.work();
        return List.of(
                "lxc.hook.pre-start = /bin/sh -c '" + mode + "'",
                "lxc.hook.post-stop = /bin/sh -c 'umount -l " + directory + " || :'");
    }

    /// The fstab line of one mount of `-m`: `bind=SRC[:DST[:ro|rw]]` or `overlay=SRC[:DST]`.
    static String entry(String mount, LxcContainer copy) {
        int equals = mount.indexOf('=');
        String type = equals < 0 ? "" : mount.substring(0, equals);
        String[] parts = mount.substring(equals + 1).split(":", -1);
        if (!parts[0].startsWith("/") || parts.length > 3) {
            throw new InvalidConfigException(
                    "not a mount: " + mount + "; use bind=SRC[:DST[:ro|rw]] or overlay=SRC[:DST]");
        }
        String source = parts[0];
        String target = parts.length > 1 && !parts[1].isEmpty() ? parts[1] : source;
        if (!target.startsWith("/") || (source + target).matches(".*\\s.*")) {
            throw new InvalidConfigException("not a path inside: " + target);
        }
        String inside = target.substring(1);
        String options = parts.length == 3 ? parts[2] : "rw";
        if (!options.equals("rw") && !options.equals("ro")) {
            throw new InvalidConfigException("a mount is ro or rw, not " + options);
        }
        String kind = Files.isDirectory(Path.of(source)) ? "dir" : "file";
        return switch (type) {
            case "bind" ->
                    "lxc.mount.entry = %s %s none bind,%s,create=%s 0 0"
                            .formatted(source, inside, options, kind);
            case "overlay", "aufs" -> overlay(source, inside, copy);
            default ->
                    throw new InvalidConfigException(
                            "there is no mount of type \"" + type + "\"; use bind or overlay");
        };
    }

    private static String overlay(String source, String inside, LxcContainer copy) {
        Path own = copy.directory().resolve("delta#" + inside.replace('/', '_'));
        return "lxc.mount.entry = overlay %s overlay lowerdir=%s,upperdir=%s/upper,workdir=%s/work,create=dir 0 0"
                .formatted(inside, source, own, own);
    }

    private static void append(LxcContainer copy, List<String> lines) {
        if (lines.isEmpty()) {
            return;
        }
        try {
            for (String line : lines) {
                int upper = line.indexOf("upperdir=");
                if (upper >= 0) {
                    Path directory =
                            Path.of(
                                    line.substring(
                                            upper + "upperdir=".length(), line.indexOf("/upper,")));
                    Trees.make(directory.resolve("upper"));
                    Trees.make(directory.resolve("work"));
                }
            }
            Files.writeString(
                    copy.configFile(), String.join("\n", lines) + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot write " + copy.configFile() + ": " + e.getMessage(), e);
        }
    }
}
