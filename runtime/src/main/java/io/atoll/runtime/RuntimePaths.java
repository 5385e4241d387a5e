package io.atoll.runtime;

import io.atoll.base.NotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where the runtime keeps its sockets, and where the shim is.
///
/// @param runDir for this runtime alone, on a file system that is emptied at boot; made with mode
///   0711 if missing. Two runtimes with different directories do not see each other's containers
/// @param shim the `atoll-shim` program
public record RuntimePaths(Path runDir, Path shim) {
    /// The shim named by system property `atoll.shim`, else by environment `ATOLL_SHIM`, else
    /// `libexec/atoll-shim` beside the `lib` directory that our classes came from.
    ///
    /// @throws NotFoundException if there is none
    public static RuntimePaths under(Path runDir) {
        return new RuntimePaths(runDir, findShim());
    }

    private static Path findShim() {
        String named = System.getProperty("atoll.shim", System.getenv("ATOLL_SHIM"));
        Path shim = named == null ? besideOurJar() : Path.of(named);
        if (!Files.isExecutable(shim)) {
            throw new NotFoundException(
                    "atoll-shim is not at " + shim + "; set ATOLL_SHIM to where it is");
        }
        return shim;
    }

    private static Path besideOurJar() {
        var source = RuntimePaths.class.getProtectionDomain().getCodeSource();
        Path lib = source == null ? null : Path.of(source.getLocation().getPath()).getParent();
        Path home = lib == null ? null : lib.getParent();
        return (home == null ? Path.of("/usr/lib/atoll") : home).resolve("libexec/atoll-shim");
    }

    /// The fork server's socket.
    public Path serverSocket() {
        return runDir.resolve("shim.sock");
    }

    /// A directory for each container, with its monitor's socket and records.
    public Path monitors() {
        return runDir.resolve("monitors");
    }

    /// A file for each container, locked by who makes or removes its directory.
    public Path locks() {
        return runDir.resolve("locks");
    }

    /// See [io.atoll.linux.GracePeriods].
    public Path hurryMark() {
        return runDir.resolve("rcu_expedited");
    }
}
