package io.atoll.daemon.instance;

import io.atoll.daemon.device.attach.NameServers;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.PlatformThreads;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// The files of `/etc` that a system writes for itself when it boots, for applications, which have
/// no such system: name, names of addresses, and whom to ask for others. Written at each start, as
/// an instance may have got another name or another network.
final class ApplicationFiles {
    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;

    private ApplicationFiles() {}

    /// Writes them. The instance must not run.
    ///
    /// @param servers what is known of the network; the image's own resolv.conf stays without it
    static void write(Preparation.Prepared prepared, Optional<NameServers> servers) {
        PlatformThreads.run(() -> {
            try (Fd root = prepared.pool().openRoot(prepared.volume().current())) {
                GuestFiles files = new GuestFiles(root);
                String name = prepared.instance().name();
                files.mkdirs("/etc", DIRECTORY_MODE, 0, 0);
                replace(files, "/etc/hostname", name + "\n");
                replace(files, "/etc/hosts", hosts(name));
                servers.ifPresent(known -> replace(files, "/etc/resolv.conf", known.render()));
            }
        });
    }

    private static String hosts(String name) {
        return "127.0.0.1\tlocalhost\n127.0.1.1\t"
                + name
                + "\n::1\tlocalhost ip6-localhost ip6-loopback\n";
    }

    /// A link there usually leads to what the image's init would have made.
    private static void replace(GuestFiles files, String path, String text) {
        try {
            if (files.lstat(path).type() == FileStat.Type.SYMLINK) {
                files.unlink(path);
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        files.write(path, text.getBytes(StandardCharsets.UTF_8), FILE_MODE);
    }
}
