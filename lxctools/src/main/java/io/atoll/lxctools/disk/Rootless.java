package io.atoll.lxctools.disk;

import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Directories;
import io.atoll.linux.Fd;
import io.atoll.linux.ProcFiles;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.storage.Trees;
import io.atoll.runtime.RuntimePaths;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcIncludes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Containers of plain users. The launcher has put us into a user namespace in which the caller is
/// root and the ids of subuid(5) are themselves; a container gets a namespace of its own inside.
final class Rootless {
    private Rootless() {}

    /// True if the caller is no root but of its own namespace.
    static boolean isCaller(Call call) {
        return !call.invocation().isRoot();
    }

    /// The lines of an id map for a configuration that has none; empty for the host's root. All of
    /// the caller's first range counts.
    ///
    /// @throws UnsupportedException if the caller has no ids
    static String idmap(Call call, Path config) throws IOException {
        if (!isCaller(call)) {
            return "";
        }
        LxcConfig given =
                LxcConfig.parse(Files.readString(config), config.toString(), LxcIncludes.files());
        if (!given.all("lxc.idmap").isEmpty()) {
            return "";
        }
        return "lxc.idmap = u 0 "
                + firstRange("uid")
                + "\nlxc.idmap = g 0 "
                + firstRange("gid")
                + "\n";
    }

    private static String firstRange(String kind) {
        return ProcFiles.read("/proc/self/" + kind + "_map")
                .lines()
                .map(line -> line.strip().split("\\s+"))
                .filter(words -> words.length == 3 && !words[0].equals("0"))
                .findFirst()
                .map(words -> words[0] + " " + words[2])
                .orElseThrow(() ->
                        new UnsupportedException(
                                "you have no ids for containers: /etc/sub"
                                        + kind
                                        + " needs a line for you"));
    }

    /// The host's id of a container's root.
    static long root(Idmap idmap, IdmapEntry.Kind kind) {
        return idmap.toHost(kind, new NsId(0))
                .orElseThrow(() -> new InvalidConfigException("lxc.idmap does not map root"))
                .value();
    }

    /// Words that run a command as the container's root, before whom the container's directory and
    /// its way there stay open: the caller is mapped behind the container's ids.
    ///
    /// @param rootfs handed over to that root
    static List<String> enter(Call call, Idmap idmap, Path rootfs) {
        try (Fd directory = Trees.directory(rootfs)) {
            Directories.chown(
                    directory, root(idmap, IdmapEntry.Kind.UID), root(idmap, IdmapEntry.Kind.GID));
        } catch (io.atoll.linux.ErrnoException e) {
            throw new UnavailableException(
                    "cannot give " + rootfs + " to the container's root: " + e.getMessage(), e);
        }
        List<String> words = new ArrayList<>();
        Path shim = RuntimePaths.under(call.path().runDirectory()).shim();
        words.add(shim.resolveSibling("atoll-userns").toString());
        words.add("run");
        for (IdmapEntry.Kind kind : IdmapEntry.Kind.values()) {
            String letter = kind == IdmapEntry.Kind.UID ? "u" : "g";
            long end = 0;
            for (IdmapEntry entry : idmap.entries()) {
                if (entry.kind() == kind) {
                    words.add("-m");
                    words.add(
                            letter
                                    + ":"
                                    + entry.nsId().value()
                                    + ":"
                                    + entry.hostId().value()
                                    + ":"
                                    + entry.count());
                    end = Math.max(end, entry.nsId().value() + entry.count());
                }
            }
            words.add("-m");
            words.add(letter + ":" + end + ":0:1");
        }
        words.add("--");
        return words;
    }
}
