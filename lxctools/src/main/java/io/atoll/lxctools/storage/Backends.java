package io.atoll.lxctools.storage;

import io.atoll.base.InvalidConfigException;
import io.atoll.runtime.lxc.LxcRootfs;
import java.nio.file.Path;
import java.util.List;

/// All backends, by their words.
public final class Backends {
    /// What `-B best` tries, in LXC's order.
    private static final List<String> BEST = List.of("btrfs", "zfs", "lvm", "rbd", "dir");

    private final HostCommands commands;
    private final StorageOptions defaults;

    /// @param defaults of the host, from lxc.conf(5)
    public Backends(HostCommands commands, StorageOptions defaults) {
        this.commands = commands;
        this.defaults = defaults;
    }

    /// The backend of a word.
    ///
    /// @param directory where containers are, for `best`
    /// @throws InvalidConfigException if there is none
    public Backend byName(String name, Path directory) {
        return switch (name) {
            case "dir" -> new DirBackend();
            case "overlay", "overlayfs" -> new OverlayBackend();
            case "loop" -> new LoopBackend(commands);
            case "btrfs" -> new BtrfsBackend(commands);
            case "lvm" -> new LvmBackend(commands, defaults);
            case "zfs" -> new ZfsBackend(commands, defaults);
            case "rbd" -> new RbdBackend(commands, defaults);
            case "nbd" -> new NbdBackend(commands);
            case "best" ->
                    BEST.stream()
                            .map(word -> byName(word, directory))
                            .filter(backend -> backend.isUsable(directory))
                            .findFirst()
                            .orElseThrow();
            default ->
                    throw new InvalidConfigException(
                            "there is no storage of type \""
                                    + name
                                    + "\"; use dir, overlay, loop, btrfs, lvm, zfs, rbd, nbd, best"
                                    + " or none");
        };
    }

    /// The backend that keeps a root file system.
    public Backend of(LxcRootfs rootfs) {
        return switch (rootfs) {
            case LxcRootfs.Directory(String driver, Path path) -> byName(driver, path);
            case LxcRootfs.Overlay _ -> new OverlayBackend();
            case LxcRootfs.Loop _ -> new LoopBackend(commands);
            case LxcRootfs.Device _ -> new LvmBackend(commands, defaults);
            case LxcRootfs.Zfs _ -> new ZfsBackend(commands, defaults);
            case LxcRootfs.Rbd _ -> new RbdBackend(commands, defaults);
            case LxcRootfs.Nbd _ -> new NbdBackend(commands);
        };
    }
}
