package io.atoll.runtime.compiler;

import java.nio.file.Path;

/// The files of one container's monitor, all in a directory of its own, which the monitor locks.
public record MonitorFiles(Path directory) {
    public Path socket() {
        return directory.resolve("socket");
    }

    /// Init's pid and start time while it runs.
    public Path record() {
        return directory.resolve("record");
    }

    /// Numbers of system calls that somebody answers at this moment.
    public Path calls() {
        return directory.resolve("calls");
    }

    /// How it ended.
    public Path exit() {
        return directory.resolve("exit");
    }
}
