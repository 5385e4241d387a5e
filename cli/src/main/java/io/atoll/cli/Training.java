package io.atoll.cli;

import io.atoll.cli.host.NativeHost;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/// Runs the usual commands one after the other, so that the JVM records what they load into the AOT
/// cache of [Main], and the daemon's JVM what they make it do into that of the daemon. `mk dist`
/// starts it where users' calls start [Main], beside a daemon of its own; nobody else should.
///
/// The answers do not matter. Where the daemon cannot run instances, for it is not root or has no
/// busybox, most of them are refusals, and the caches hold less.
///
/// Its arguments say what to do one after the other: `once` makes what instances need, `life=N`
/// lets instances go through their lives N times, `left` leaves one that does not run, `last`
/// deletes all.
final class Training {
    private static final List<List<String>> ONCE =
            List.of(
                    List.of("version"),
                    List.of("help"),
                    List.of("storage", "create", "default", "overlay"),
                    List.of(
                            "network",
                            "create",
                            "training0",
                            "ipv4.address=10.254.254.1/24",
                            "ipv4.nat=true",
                            "ipv6.address=fd42:ffff:ffff:ffff::1/64",
                            "ipv6.nat=true"),
                    List.of(
                            "profile",
                            "device",
                            "add",
                            "default",
                            "root",
                            "disk",
                            "path=/",
                            "pool=default"),
                    List.of(
                            "profile",
                            "device",
                            "add",
                            "default",
                            "eth0",
                            "nic",
                            "network=training0",
                            "name=eth0"),
                    List.of("image", "build", "busybox", "--alias=training"),
                    List.of("info"),
                    List.of("image", "list"),
                    List.of("profile", "list"),
                    List.of("profile", "show", "default"),
                    List.of("network", "list"),
                    List.of("storage", "list"),
                    List.of("operation", "list"));

    private static final List<List<String>> LIFE =
            List.of(
                    List.of("launch", "training", "training"),
                    List.of("exec", "training", "--", "true"),
                    List.of("list"),
                    List.of("list", "--format=csv", "--columns=ns4"),
                    List.of("list", "--format=json"),
                    List.of("info", "training"),
                    List.of("config", "show", "training"),
                    List.of("config", "set", "training", "user.training=yes"),
                    List.of("file", "pull", "training/etc/passwd", "-"),
                    List.of("stop", "--force", "training"),
                    List.of("start", "training"),
                    List.of("exec", "training", "--", "cat", "/etc/passwd"),
                    List.of("restart", "--force", "training"),
                    List.of("copy", "training", "training2"),
                    List.of("start", "training2"),
                    List.of("list"),
                    List.of("delete", "--force", "training2"),
                    List.of("stop", "--force", "training"),
                    List.of("delete", "training"));

    private static final List<List<String>> LEFT =
            List.of(List.of("init", "training", "training-left"));

    private static final List<List<String>> LAST =
            List.of(
                    List.of("delete", "training-left"),
                    List.of("image", "delete", "training"),
                    List.of("profile", "device", "remove", "default", "eth0"),
                    List.of("profile", "device", "remove", "default", "root"),
                    List.of("network", "delete", "training0"),
                    List.of("storage", "delete", "default"));

    private final String home = System.getProperty("atoll.home", "");
    private final NativeHost host = NativeHost.open(home + "/libexec/libatoll-native.so", "");

    private Training() {}

    public static void main(String[] args) {
        Training training = new Training();
        for (String section : args) {
            commands(section).forEach(training::run);
        }
    }

    private static List<List<String>> commands(String section) {
        return switch (section) {
            case "once" -> ONCE;
            case "left" -> LEFT;
            case "last" -> LAST;
            default ->
                    Collections.nCopies(Integer.parseInt(section.substring("life=".length())), LIFE)
                            .stream()
                            .flatMap(List::stream)
                            .toList();
        };
    }

    private void run(List<String> command) {
        int unused =
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
