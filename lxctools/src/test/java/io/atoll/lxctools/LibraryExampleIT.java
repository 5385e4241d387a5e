package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.NotFoundException;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcStart;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The library beside the commands, and the program that its documentation shows.
@Tag("privileged")
class LibraryExampleIT {
    private static final Path ROOT = Path.of(System.getProperty("atoll.root"));
    private static final Path PAGE = ROOT.resolve("docs/howto/lxc-library.md");

    private LxcHostFixture host;
    private Path home;

    @BeforeEach
    void open() throws IOException {
        host = new LxcHostFixture();
        home = Files.createDirectories(host.base.resolve("home"));
        Files.createDirectories(home.resolve("share"));
        Files.createSymbolicLink(
                home.resolve("share/lxc"), ROOT.resolve("lxctools/src/main/dist/lxc"));
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void l1_04_theProgramOfThePageRuns() throws Exception {
        Matcher code =
                Pattern.compile("```java\n(.*?)```", Pattern.DOTALL)
                        .matcher(Files.readString(PAGE));
        assertTrue(code.find(), "the page has a program");
        Path source = host.base.resolve("Example.java");
        Files.writeString(source, code.group(1));
        int compiled =
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-proc:none",
                                "-classpath",
                                System.getProperty("java.class.path"),
                                "-d",
                                host.base.toString(),
                                source.toString());
        assertEquals(0, compiled);
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-Datoll.shim=" + System.getProperty("atoll.shim"),
                                "-classpath",
                                host.base + ":" + System.getProperty("java.class.path"),
                                "Example",
                                host.lxcPath.toString(),
                                home.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(host.env());
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertEquals(
                """
                attach ended with 0
                lo []
                memory true
                FROZEN
                [copy, web]
                """,
                said);
        assertEquals("", host.must("lxc-ls"));
    }

    @Test
    void errorsAreTypedAndLeaveNothing() throws IOException {
        Provisioning provisioning = new Provisioning(Optional.of(home), host.env());
        try (LxcPath path = host.open()) {
            LxcContainer one = path.container(host.name("one"));
            Provisioning.Creation missing = Provisioning.Creation.from("nonexistent");
            assertThrows(NotFoundException.class, () -> provisioning.create(one, missing));
            assertFalse(Files.exists(one.directory()));
            Path failing = host.base.resolve("failing");
            Files.writeString(failing, "#!/bin/sh\necho no such thing as water >&2\nexit 3\n");
            boolean unused = failing.toFile().setExecutable(true);
            ToolException failure =
                    assertThrows(
                            ToolException.class,
                            () ->
                                    provisioning.create(
                                            one, Provisioning.Creation.from(failing.toString())));
            assertTrue(failure.getMessage().contains("no such thing as water"), failure.toString());
            assertFalse(Files.exists(one.directory()));

            provisioning.create(one, Provisioning.Creation.from("busybox"));
            assertThrows(
                    AlreadyExistsException.class,
                    () -> provisioning.create(one, Provisioning.Creation.from("busybox")));
            one.clear("lxc.net");
            one.save();
            assertTrue(one.mayControl());
            assertTrue(one.keys("lxc.rootfs.").contains("lxc.rootfs.path"));
            one.start(LxcStart.DEFAULT);
            assertThrows(BusyException.class, () -> provisioning.destroy(one, false));
            assertThrows(BusyException.class, () -> provisioning.snapshot(one, Optional.empty()));
            one.stop();
            assertThrows(NotFoundException.class, () -> provisioning.deleteSnapshot(one, "snap9"));
            Provisioning.Snapshot snapshot = provisioning.snapshot(one, Optional.empty());
            assertEquals(List.of(snapshot), provisioning.snapshots(one));
            Files.writeString(one.directory().resolve("rootfs/since"), "");
            provisioning.restore(one, snapshot.name(), Optional.empty());
            assertFalse(Files.exists(one.directory().resolve("rootfs/since")));
            LxcContainer two = path.container(host.name("two"));
            provisioning.rename(one, two);
            assertEquals(List.of(two.name()), path.names());
            provisioning.destroy(path.container(two.name()), true);
            assertEquals(List.of(), path.names());
        }
    }
}
