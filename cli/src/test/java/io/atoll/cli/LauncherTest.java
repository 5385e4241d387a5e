package io.atoll.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.client.FakeServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The C launcher as a program, with a script in place of Java.
@Timeout(30)
class LauncherTest {
    @TempDir Path directory;

    private Path dist;

    private record Result(int status, String out, String err) {}

    @BeforeEach
    void makeDist() throws IOException {
        dist = directory.resolve("dist with space");
        Files.createDirectories(dist.resolve("bin"));
        Files.createDirectories(dist.resolve("lib"));
        Files.createDirectories(dist.resolve("dropin"));
        Path built = Path.of(System.getProperty("atoll.root"), "launcher/target/atoll");
        Files.copy(built, dist.resolve("bin/atoll"));
        Files.setPosixFilePermissions(
                dist.resolve("bin/atoll"), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createSymbolicLink(dist.resolve("dropin/lxc"), Path.of("../bin/atoll"));
        Files.createSymbolicLink(dist.resolve("dropin/lxd"), Path.of("../bin/atoll"));
        Files.createSymbolicLink(dist.resolve("bin/atolld"), Path.of("atoll"));
        Files.writeString(
                dist.resolve("lib/atoll.jvm"), "# note\n-cp\n@home@/a.jar:@home@/b.jar\nMain\n");
        Files.writeString(dist.resolve("lib/atolld.jvm"), "Daemon\n");
    }

    private Path java(String name, String version) throws IOException {
        Path home = directory.resolve(name);
        Files.createDirectories(home.resolve("bin"));
        Path java = home.resolve("bin/java");
        Files.writeString(
                java,
                "#!/bin/sh\nfor a; do echo \"$a\"; done\necho \"tool=$JAVA_TOOL_OPTIONS cp=$CLASSPATH locale=$LC_ALL callers=$ATOLL_CALLERS_LC_ALL\"\n"
                        + "ls -l /proc/self/fd | grep -c socket || :\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(
                home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private Result run(Path program, Map<String, String> env, String... args) throws IOException {
        List<String> argv = new ArrayList<>(List.of(program.toString()));
        argv.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(argv);
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("LXD_") || name.startsWith("ATOLL_"));
        builder.environment().put("LXD_SOCKET", "/nonexistent/socket");
        builder.environment().put("LC_ALL", "POSIX");
        builder.environment().put("JAVA_TOOL_OPTIONS", "-Dnoise");
        builder.environment().put("CLASSPATH", "/noise");
        builder.environment().putAll(env);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            return new Result(process.waitFor(), out, err);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void becomesJavaWithTheProgramsOptions() throws IOException {
        Path java = java("jdk", "25.0.3");
        Result result =
                run(
                        dist.resolve("dropin/lxc"),
                        Map.of("ATOLL_JAVA", java.toString()),
                        "list",
                        "a b",
                        "");
        assertEquals(
                "-Datoll.program=lxc\n-Datoll.home="
                        + dist
                        + "\n-cp\n"
                        + dist
                        + "/a.jar:"
                        + dist
                        + "/b.jar\nMain\nlist\na b\n\n"
                        + "tool= cp= locale=C.UTF-8 callers=POSIX\n0\n",
                result.out());
        assertEquals("", result.err());
    }

    @Test
    void handsItsConnectionOver() throws IOException {
        Path java = java("jdk", "25");
        try (FakeServer server = FakeServer.start()) {
            Result result =
                    run(
                            dist.resolve("bin/atoll"),
                            Map.of(
                                    "ATOLL_JAVA",
                                    java.resolve("bin/java").toString(),
                                    "LXD_SOCKET",
                                    server.socket().toString()),
                            "list");
            assertTrue(
                    result.out().contains("\n-Datoll.connection=3:" + server.socket() + "\n"),
                    result.out());
            assertTrue(result.out().endsWith("\n1\n"), result.out());
        }
    }

    @Test
    void startsTheDaemonByItsNames() throws IOException {
        Map<String, String> env = Map.of("ATOLL_JAVA", java("jdk", "26-ea").toString());
        assertTrue(
                run(dist.resolve("bin/atolld"), env, "--group", "x")
                        .out()
                        .contains("\nDaemon\n--group\nx\n"));
        assertTrue(run(dist.resolve("dropin/lxd"), env).out().contains("\nDaemon\n"));
        assertTrue(
                run(dist.resolve("dropin/lxd"), env, "--debug")
                        .out()
                        .contains("\nDaemon\n--debug\n"));
        assertTrue(
                run(dist.resolve("dropin/lxd"), env, "init", "--auto")
                        .out()
                        .contains("\nMain\ninit\n--auto\n"));
        assertTrue(
                run(dist.resolve("dropin/lxd"), env, "--help").out().contains("\nMain\n--help\n"));
    }

    @Test
    void refusesAnOldJavaThatWasAskedFor() throws IOException {
        Path old = java("old", "17.0.2");
        Result result =
                run(dist.resolve("bin/atoll"), Map.of("ATOLL_JAVA", old.toString()), "list");
        assertEquals(1, result.status());
        assertEquals("atoll: ATOLL_JAVA is no Java 25 or newer: " + old + "\n", result.err());
        assertEquals("", result.out());
    }

    @Test
    void prefersTheJavaBesideIt() throws IOException {
        Path java = java("dist with space/jre", "25.0.1");
        Path other = java("other", "25.0.2");
        Files.writeString(java.resolve("bin/java"), "#!/bin/sh\necho \"java=$0\"\n");
        Result result =
                run(dist.resolve("bin/atoll"), Map.of("JAVA_HOME", other.toString()), "list");
        assertEquals(0, result.status(), result.err());
        assertTrue(result.out().contains("java=" + java.resolve("bin/java") + "\n"), result.out());
    }

    @Test
    void namesTheFileThatIsMissing() throws IOException {
        Files.delete(dist.resolve("lib/atoll.jvm"));
        Result result =
                run(dist.resolve("bin/atoll"), Map.of("ATOLL_JAVA", java("jdk", "25").toString()));
        assertEquals(
                "atoll: cannot read the options of the program: " + dist + "/lib/atoll.jvm\n",
                result.err());
        assertFalse(result.status() == 0);
    }
}
