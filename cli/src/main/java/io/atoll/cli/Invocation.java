package io.atoll.cli;

import io.atoll.cli.host.Host;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Everything a command may see of the world it was called in. Commands touch nothing of the
/// process they run in but through this, so that one process can run commands for many callers.
///
/// @param program the name it was called by: `atoll`, `lxc`, `lxd` or `lxd-images`
/// @param home the directory of the installation, empty if unknown
public record Invocation(
        String program,
        String home,
        List<String> args,
        Map<String, String> env,
        Path cwd,
        InputStream in,
        OutputStream out,
        OutputStream err,
        Host host) {
    public Invocation {
        args = List.copyOf(args);
    }

    /// An environment variable; empty if unset.
    public String env(String name) {
        return env.getOrDefault(name, "");
    }

    /// Resolves a path as the caller meant it.
    public Path path(String text) {
        return cwd.resolve(text);
    }
}
