package io.atoll.lxctools.disk;

import io.atoll.base.Idmap;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Fd;
import io.atoll.linux.Ownership;
import io.atoll.linux.PlatformThreads;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.storage.Trees;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcIncludes;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;

/// Gives the files of a container that root makes with an id map to the ids of its map. Layers and
/// file systems of their own are left as they are: they are mapped when they are mounted.
final class Shifting {
    private Shifting() {}

    static void shift(Call call, LxcContainer container) {
        if (Rootless.isCaller(call)) {
            return;
        }
        try {
            LxcConfig made =
                    LxcConfig.parse(
                            Files.readString(container.configFile()),
                            container.configFile().toString(),
                            LxcIncludes.files());
            Idmap idmap = container.path().container(container.name()).idmap();
            if (idmap.isPrivileged() || made.find("lxc.rootfs.options").isPresent()) {
                return;
            }
            LxcRootfs rootfs = LxcRootfs.parse(made.find("lxc.rootfs.path").orElse("/"));
            if (rootfs instanceof LxcRootfs.Directory directory) {
                PlatformThreads.run(() -> {
                    try (Fd root = Trees.directory(directory.path())) {
                        Ownership.shift(root, Idmap.NONE, idmap);
                    }
                });
            } else {
                Files.writeString(
                        container.configFile(),
                        "lxc.rootfs.options = idmap=container\n",
                        StandardOpenOption.APPEND);
            }
        } catch (IOException e) {
            throw new UnavailableException(
                    "cannot give the files of "
                            + container.name()
                            + " to its ids: "
                            + e.getMessage(),
                    e);
        }
    }
}
