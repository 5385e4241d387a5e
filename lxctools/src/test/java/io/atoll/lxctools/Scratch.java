package io.atoll.lxctools;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcSystemConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// A directory of containers of a test's own, with a cache, a runtime directory and templates that
/// may be added to. What is left running is killed at the end.
public final class Scratch implements AutoCloseable {
    /// The files that the tools bring, in the source tree.
    public static final Path SHARE = Path.of("src/main/dist/lxc").toAbsolutePath();

    private final Path directory;

    public Scratch() throws IOException {
        directory = Files.createTempDirectory("atoll-lxcdisk-");
        Files.createDirectories(directory.resolve("lxc"));
        Files.writeString(directory.resolve("empty.conf"), "lxc.net.0.type = empty\n");
    }

    public Path directory() {
        return directory;
    }

    /// The lxcpath.
    public Path lxc() {
        return directory.resolve("lxc");
    }

    public Path container(String name) {
        return lxc().resolve(name);
    }

    /// A configuration without network.
    public String emptyConfig() {
        return directory.resolve("empty.conf").toString();
    }

    private Map<String, String> env(Map<String, String> more) {
        Map<String, String> env =
                new TreeMap<>(
                        Map.of(
                                "ATOLL_RUN_DIR", directory.resolve("run").toString(),
                                "LXC_CACHE_PATH", directory.resolve("cache").toString(),
                                "LXC_TEMPLATE_PATH", SHARE.resolve("templates").toString(),
                                "LXC_SHARE", SHARE.toString(),
                                "HOME", directory.toString()));
        env.putAll(more);
        return env;
    }

    /// Calls a tool.
    public ToolRun run(String program, String... args) {
        return run(Map.of(), program, args);
    }

    public ToolRun run(Map<String, String> more, String program, String... args) {
        List<String> all =
                Stream.concat(Stream.of("-P", lxc().toString()), Stream.of(args)).toList();
        return ToolRun.of(env(more), program, all.toArray(String[]::new));
    }

    /// A template of the test's own.
    public Path template(String script) throws IOException {
        Path file = Files.createTempFile(directory, "template", "");
        Files.writeString(file, "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        return file;
    }

    /// What is in the lxcpath.
    public List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(lxc())) {
            return entries.map(e -> e.getFileName().toString()).sorted().toList();
        }
    }

    /// Lines of the host's mount table and loop devices that are about this directory.
    public List<String> traces() throws IOException {
        String loops = Commands.run(Command.of("losetup", "--all")).text();
        return Stream.concat(Files.readString(Path.of("/proc/mounts")).lines(), loops.lines())
                .filter(line -> line.contains(directory.toString()))
                .toList();
    }

    @Override
    public void close() throws IOException {
        for (String name : names()) {
            ToolRun unused = run("lxc-stop", "-k", "-n", name);
        }
        try (LxcPath path = LxcPath.open(lxc(), LxcSystemConfig.load(env(Map.of()), true))) {
            path.containers().retire();
        }
        for (String line : traces()) {
            String[] words = line.split(" ");
            if (words.length > 2 && words[1].startsWith(directory.toString())) {
                Commands.Result unused = Commands.run(Command.of("umount", "-l", words[1]));
            }
        }
        Commands.Result unused =
                Commands.run(Command.of("rm", "-rf", "--one-file-system", directory.toString()));
    }
}
