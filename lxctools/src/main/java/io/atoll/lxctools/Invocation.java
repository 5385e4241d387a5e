package io.atoll.lxctools;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Everything a tool may see of the world it was called in. Tools touch nothing of the process they
/// run in but through this, so that one process can run tools for many callers.
///
/// @param program the name it was called by, such as `lxc-start`
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
        return cwd.resolve(text).normalize();
    }

    /// True if the caller is the host's root. The launcher makes plain users root of a user
    /// namespace of their own, and says so.
    public boolean isRoot() {
        return host.uid() == 0 && env("ATOLL_ROOTLESS").isEmpty();
    }
}
