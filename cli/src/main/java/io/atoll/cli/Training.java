package io.atoll.cli;

import io.atoll.cli.host.NativeHost;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;

/// Runs the usual commands one after the other, so that the JVM records what they load into the AOT
/// cache of [Main]. `mk dist` starts it where users' calls start [Main], beside a daemon without
/// instances; nobody else should.
final class Training {
    private static final List<List<String>> COMMANDS =
            List.of(
                    List.of("version"),
                    List.of("help"),
                    List.of("list"),
                    List.of("list", "--format=csv", "--columns=ns4"),
                    List.of("list", "--format=json"),
                    List.of("info"),
                    List.of("image", "list"),
                    List.of("profile", "list"),
                    List.of("profile", "show", "default"),
                    List.of("network", "list"),
                    List.of("storage", "list"),
                    List.of("config", "show", "training"),
                    List.of("operation", "list"),
                    List.of("launch", "training", "training"),
                    List.of("start", "training"),
                    List.of("stop", "--force", "training"),
                    List.of("exec", "training", "--", "true"),
                    List.of("file", "pull", "training/etc/hosts", "-"),
                    List.of("delete", "--force", "training"));

    private Training() {}

    public static void main(String[] args) {
        String home = System.getProperty("atoll.home", "");
        NativeHost host = NativeHost.open(home + "/libexec/libatoll-native.so", "");
        for (List<String> command : COMMANDS) {
            // The answers do not matter, and most are refusals: there is no instance.
            int _ =
                    Cli.run(
                            new Invocation(
                                    "atoll",
                                    home,
                                    command,
                                    System.getenv(),
                                    Path.of("/"),
                                    InputStream.nullInputStream(),
                                    OutputStream.nullOutputStream(),
                                    OutputStream.nullOutputStream(),
                                    host));
        }
    }
}
