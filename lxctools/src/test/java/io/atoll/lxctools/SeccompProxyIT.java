package io.atoll.lxctools;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.SeccompNotify;
import io.atoll.runtime.Container;
import io.atoll.runtime.SystemCalls;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcStart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// `lxc.seccomp.notify.proxy`: system calls that a program of the host answers.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SeccompProxyIT {
    private static final int EDQUOT = 122;

    private LxcHostFixture host;
    private Path profile;

    @BeforeAll
    void open() throws IOException {
        host = new LxcHostFixture();
        profile = host.base.resolve("profile");
        Files.writeString(profile, "2\ndenylist\n[all]\nmkdir notify # asked\nmkdirat notify\n");
    }

    @AfterAll
    void close() {
        host.close();
    }

    private String define(String name, Path socket) {
        return host.define(
                name,
                "lxc.seccomp.profile = " + profile,
                "lxc.seccomp.notify.proxy = unix:" + socket,
                "lxc.seccomp.notify.cookie = of " + name);
    }

    private String mkdir(String name, String path) {
        ToolRun run = host.run("lxc-attach", "-n", name, "--", "mkdir", path);
        return run.status() == 0 ? "made" : run.err().replaceAll(".*: ", "").strip();
    }

    @Test
    void theProgramIsToldOfEachCallAndItsAnswerCounts() throws IOException {
        Path socket = host.base.resolve("answers");
        String name = define("ask", socket);
        Files.writeString(
                host.rootOf(name).resolve("etc/inittab"),
                "::sysinit:/bin/mkdir /by-init\n::respawn:/bin/sleep 1000000\n");
        try (CallProxy proxy = new CallProxy(socket, SeccompProxyIT::sort)) {
            host.must("lxc-start", "-n", name);
            LxcHostFixture.until(
                    () -> Files.isDirectory(host.rootOf(name).resolve("by-init")), "by init");
            assertEquals("made", mkdir(name, "/pretended"));
            assertEquals("Disk quota exceeded", mkdir(name, "/full"));
            assertFalse(Files.exists(host.rootOf(name).resolve("pretended")));
            int init = initPid(name);
            for (CallProxy.Asked one : proxy.asked) {
                assertEquals("of ask", one.cookie());
                assertEquals(init, one.init());
                assertEquals(one.peer(), one.monitor());
                assertTrue(
                        Files.readString(Path.of("/proc/" + one.monitor() + "/comm"))
                                .startsWith("atoll-monitor"));
            }
            assertEquals(3, proxy.asked.size());
        }
        host.must("lxc-stop", "-n", name, "-k");
    }

    private int initPid(String name) {
        try (var path = host.open()) {
            LxcContainer container = path.container(name);
            return container.running().orElseThrow().initPid();
        }
    }

    private static Function<byte[], byte[]> sort(CallProxy.Asked one) {
        if (one.names("/by-init")) {
            return CallProxy.letRun();
        }
        return one.names("/pretended") ? CallProxy.value(0) : CallProxy.error(EDQUOT);
    }

    @Test
    void withoutAProgramTheKernelHasNoSuchCall() throws IOException {
        Path socket = host.base.resolve("nobody");
        String name = define("nobody", socket);
        host.must("lxc-start", "-n", name);
        String none = "Function not implemented";
        assertEquals(none, mkdir(name, "/a"));
        try (CallProxy proxy = new CallProxy(socket, _ -> CallProxy.letRun())) {
            assertEquals("made", mkdir(name, "/b"), "it may come later");
            assertEquals(1, proxy.asked.size());
        }
        assertEquals(none, mkdir(name, "/c"), "and go");
        for (Function<byte[], byte[]> wrong :
                java.util.List.of(
                        CallProxy.hangUp(),
                        CallProxy.toAnotherCall(),
                        CallProxy.half(),
                        CallProxy.ofAnotherVersion())) {
            Files.delete(socket);
            try (CallProxy proxy = new CallProxy(socket, _ -> wrong)) {
                assertEquals(none, mkdir(name, "/d"));
                assertEquals(1, proxy.asked.size());
            }
        }
        assertEquals("made", host.inside(name, "test -d /d || echo made"));
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void oneThatThinksKeepsNobodyElseWaiting() throws Exception {
        Path socket = host.base.resolve("slow");
        String name = define("slow", socket);
        CountDownLatch goOn = new CountDownLatch(1);
        try (CallProxy proxy = new CallProxy(socket, one -> slowly(one, goOn))) {
            host.must("lxc-start", "-n", name);
            Thread waiting = Thread.ofPlatform().start(() -> mkdir(name, "/later"));
            LxcHostFixture.until(() -> !proxy.asked.isEmpty(), "asked");
            assertEquals("RUNNING", host.state(name));
            assertEquals("made", mkdir(name, "/now"));
            goOn.countDown();
            waiting.join();
            assertTrue(Files.isDirectory(host.rootOf(name).resolve("later")));
        }
        host.must("lxc-stop", "-n", name, "-k");
    }

    private static Function<byte[], byte[]> slowly(CallProxy.Asked one, CountDownLatch goOn) {
        try {
            if (one.names("/later") && !goOn.await(30, TimeUnit.SECONDS)) {
                return CallProxy.hangUp();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return CallProxy.letRun();
    }

    @Test
    void aProgramOfTheLibraryMayAnswerToo() throws Exception {
        String name = host.define("library", "lxc.seccomp.profile = " + profile);
        Path root = host.rootOf(name);
        Files.writeString(
                root.resolve("etc/inittab"),
                "::respawn:/bin/sh -c 'mkdir /made || echo no >/refused; sleep 1'\n");
        try (LxcPath path = host.open()) {
            Container container = path.container(name).start(LxcStart.DEFAULT);
            LxcHostFixture.until(() -> Files.exists(root.resolve("refused")), "nobody answers");
            assertFalse(Files.exists(root.resolve("made")));
            container.onSystemCalls(SeccompProxyIT::answerOne, Fd::close);
            LxcHostFixture.until(() -> Files.isDirectory(root.resolve("made")), "it is made");
            container.kill();
        }
    }

    private static void answerOne(SystemCalls calls) {
        try (calls) {
            SeccompNotify.Call call = null;
            while (call == null) {
                assertTrue(FdIo.poll(calls.listener(), FdIo.POLLIN, Duration.ofSeconds(10)) > 0);
                call = SeccompNotify.receive(calls.listener()).orElse(null);
            }
            assertTrue(call.isNative());
            assertTrue(SeccompNotify.letRun(calls.listener(), call.id()));
        }
    }

    @Test
    void anAddressThatIsNoneIsRefused() {
        String name = host.define("wrong", "lxc.seccomp.notify.proxy = /no/kind");
        ToolRun run = host.run("lxc-start", "-n", name);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("unix:/PATH or unix:@NAME"), run.err());
    }
}
