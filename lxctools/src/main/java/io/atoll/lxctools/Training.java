package io.atoll.lxctools;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Runs the usual commands one after the other, so that the JVM records what they load into the AOT
/// cache of [Main]. `mk dist` starts it where users' calls start [Main]; nobody else should.
///
/// The answers do not matter. Where containers cannot be started most of them are refusals, and the
/// cache holds less. Its one argument is an empty directory.
final class Training {
    private static final List<List<String>> COMMANDS =
            List.of(
                    List.of("lxc-create", "-n", "t", "-t", "busybox"),
                    List.of("lxc-start", "-n", "t"),
                    List.of("lxc-info", "-n", "t"),
                    List.of("lxc-info", "-n", "t", "-s", "-p", "-i", "-H"),
                    List.of("lxc-ls"),
                    List.of("lxc-ls", "--fancy"),
                    List.of("lxc-attach", "-n", "t", "--", "true"),
                    List.of("lxc-cgroup", "-n", "t", "memory.stat"),
                    List.of("lxc-freeze", "-n", "t"),
                    List.of("lxc-unfreeze", "-n", "t"),
                    List.of("lxc-wait", "-n", "t", "-s", "RUNNING", "-t", "10"),
                    List.of("lxc-wait", "-n", "t", "-s", "STOPPED", "-t", "1"),
                    List.of("lxc-config", "lxc.lxcpath"),
                    List.of("lxc-stop", "-n", "t", "-k"),
                    List.of("lxc-copy", "-n", "t", "-N", "u"),
                    List.of("lxc-copy", "-n", "t", "-N", "v", "-s", "-B", "overlay"),
                    List.of("lxc-start", "-n", "v"),
                    List.of("lxc-stop", "-n", "v", "-k"),
                    List.of("lxc-snapshot", "-n", "u"),
                    List.of("lxc-snapshot", "-n", "u", "-L"),
                    List.of("lxc-destroy", "-n", "u", "-s"),
                    List.of("lxc-destroy", "-n", "t", "-s"),
                    List.of("lxc-info", "--help"),
                    List.of("lxc-start", "-n", "nobody"));

    private Training() {}

    public static void main(String[] args) throws IOException {
        Path lxcPath = Path.of(args[0]);
        Host host = new OwnProcess();
        for (List<String> command : COMMANDS) {
            List<String> words = new ArrayList<>(List.of("-P", lxcPath.toString()));
            words.addAll(command.subList(1, command.size()));
            int unused =
                    ToolRunner.run(
                            new Invocation(
                                    command.getFirst(),
                                    System.getProperty("atoll.home", ""),
                                    words,
                                    System.getenv(),
                                    Path.of("/"),
                                    InputStream.nullInputStream(),
                                    OutputStream.nullOutputStream(),
                                    OutputStream.nullOutputStream(),
                                    host));
            removeNetwork(lxcPath.resolve("t/config"));
        }
    }

    /// There is no bridge where this runs.
    private static void removeNetwork(Path config) {
        try {
            if (Files.exists(config)) {
                List<String> lines = Files.readAllLines(config);
                Path unused =
                        Files.write(
                                config,
                                lines.stream().filter(l -> !l.startsWith("lxc.net")).toList());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
