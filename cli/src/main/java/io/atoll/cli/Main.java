package io.atoll.cli;

import io.atoll.base.CallersEnvironment;
import io.atoll.cli.host.NativeHost;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Path;
import java.util.List;

/// Runs one command in a process of its own: the only class here that knows `System`.
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        String home = System.getProperty("atoll.home", "");
        String library = System.getProperty("atoll.native", home + "/libexec/libatoll-native.so");
        NativeHost host = NativeHost.open(library, System.getProperty("atoll.connection", ""));
        Invocation invocation =
                new Invocation(
                        System.getProperty("atoll.program", "atoll"),
                        home,
                        List.of(args),
                        CallersEnvironment.of(System.getenv()),
                        Path.of(System.getProperty("user.dir", "/")),
                        new FileInputStream(FileDescriptor.in),
                        new FileOutputStream(FileDescriptor.out),
                        new FileOutputStream(FileDescriptor.err),
                        host);
        host.exit(Cli.run(invocation));
    }
}
