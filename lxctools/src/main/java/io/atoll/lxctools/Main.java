package io.atoll.lxctools;

import io.atoll.base.CallersEnvironment;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Path;
import java.util.List;

/// Runs one tool in a process of its own: with [OwnProcess] the only class here that knows
/// `System`.
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        Invocation invocation =
                new Invocation(
                        System.getProperty("atoll.program", "lxc-ls"),
                        System.getProperty("atoll.home", ""),
                        List.of(args),
                        CallersEnvironment.of(System.getenv()),
                        Path.of(System.getProperty("user.dir", "/")),
                        new FileInputStream(FileDescriptor.in),
                        new FileOutputStream(FileDescriptor.out),
                        new FileOutputStream(FileDescriptor.err),
                        new OwnProcess());
        int status = ToolRunner.run(invocation);
        // Nothing is buffered by then, and shutdown hooks would only cost time.
        Runtime.getRuntime().halt(status);
    }
}
