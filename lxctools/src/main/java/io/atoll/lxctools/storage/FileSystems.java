package io.atoll.lxctools.storage;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Fd;
import io.atoll.linux.FsContext;
import io.atoll.linux.Loop;
import io.atoll.runtime.lxc.FileSystemType;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// File systems on devices and in files, for the backends that need one.
final class FileSystems {
    private FileSystems() {}

    /// Makes one.
    ///
    /// @param target a device or a file
    static void make(HostCommands commands, String fsType, Path target) {
        if (!fsType.matches("[a-z][a-z0-9]{1,15}")) {
            throw new InvalidConfigException("not a type of file system: " + fsType);
        }
        List<String> quiet =
                switch (fsType) {
                    case "xfs", "btrfs" -> List.of("-q", "-f");
                    case "f2fs" -> List.of("-q", "-f");
                    // A file of its own is no device; do not ask.
                    default -> List.of("-q", "-F");
                };
        String[] argv = new String[quiet.size() + 2];
        argv[0] = "mkfs." + fsType;
        for (int i = 0; i < quiet.size(); i++) {
            argv[i + 1] = quiet.get(i);
        }
        argv[argv.length - 1] = target.toString();
        String unused = commands.run(argv);
    }

    /// Mounts a device or file on a directory.
    static RootfsView mount(Path source, boolean isFile, Path target, Runnable afterwards) {
        String type = FileSystemType.of(source);
        Trees.make(target);
        try (FsContext context = FsContext.open(type)) {
            if (!isFile) {
                context.set("source", source.toString());
                return RootfsView.mounted(context.mount(Set.of()), target, afterwards);
            }
            try (Loop.Device loop = Loop.attach(source, false)) {
                context.set("source", loop.path());
                Fd mount = context.mount(Set.of());
                return RootfsView.mounted(mount, target, afterwards);
            }
        }
    }
}
