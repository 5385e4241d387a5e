package io.atoll.runtime;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A command of a container with pipes at its ends.
final class Shell implements AutoCloseable {
    private static final int OUTPUT_MAX = 256 << 20;

    final Execution execution;
    final Fd in;
    private final Fd out;
    private final Fd err;

    private Shell(Execution execution, Fd in, Fd out, Fd err) {
        this.execution = execution;
        this.in = in;
        this.out = out;
        this.err = err;
    }

    static Shell start(Container container, String command) {
        return start(
                container,
                ExecSpec.of(List.of("/bin/sh", "-c", command), new ExecSpec.Stdio.None()));
    }

    /// The stdio of the spec is replaced by pipes.
    static Shell start(Container container, ExecSpec spec) {
        FdIo.Pipe in = FdIo.pipe();
        FdIo.Pipe out = FdIo.pipe();
        FdIo.Pipe err = FdIo.pipe();
        try {
            ExecSpec piped =
                    new ExecSpec(
                            spec.argv(),
                            spec.env(),
                            spec.cwd(),
                            spec.uid(),
                            spec.gid(),
                            spec.groups(),
                            new ExecSpec.Stdio.Fds(in.reader(), out.writer(), err.writer()),
                            spec.skipped(),
                            spec.isPrivileged(),
                            spec.diesWithUs());
            return new Shell(container.exec(piped), in.writer(), out.reader(), err.reader());
        } finally {
            in.reader().close();
            out.writer().close();
            err.writer().close();
        }
    }

    Fd out() {
        return out;
    }

    String output() {
        return new String(FdIo.readAll(out, OUTPUT_MAX), StandardCharsets.UTF_8);
    }

    String errors() {
        return new String(FdIo.readAll(err, OUTPUT_MAX), StandardCharsets.UTF_8);
    }

    int waitExit() {
        return execution.waitExit();
    }

    /// What a terminal gives until its other end is closed, which Linux reports as EIO.
    static String readTerminal(Fd terminal) {
        StringBuilder all = new StringBuilder();
        byte[] chunk = new byte[4096];
        try {
            for (int n = FdIo.read(terminal, chunk, 0, chunk.length);
                    n > 0;
                    n = FdIo.read(terminal, chunk, 0, chunk.length)) {
                all.append(new String(chunk, 0, n, StandardCharsets.UTF_8));
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.EIO)) {
                throw e;
            }
        }
        return all.toString();
    }

    @Override
    public void close() {
        execution.close();
        in.close();
        out.close();
        err.close();
    }
}
