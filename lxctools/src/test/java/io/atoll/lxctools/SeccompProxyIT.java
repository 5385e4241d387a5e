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
import java.io.BufferedReader;
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

    /// Reads a letter (32 bytes about the container, the call's 80, room for 24 of an answer, the
    /// cookie; descriptors of /proc/PID, its memory and the listener), makes the node inside by
    /// /proc/PID/root and answers.
    private static final String DEVICE_MAKER =
            """
            import array, errno, os, socket, struct, sys, threading

            MKNOD = 133 if os.uname().machine == "x86_64" else -1

            def text(memory, address):
                return os.pread(memory, 256, address).split(b"\\0")[0].decode()

            def answer(letter, fds):
                cookie = letter[136:].decode()
                number = struct.unpack_from("<i", letter, 48)[0]
                args = struct.unpack_from("<6Q", letter, 64)
                path, mode, device = args[0:3] if number == MKNOD else args[1:4]
                path = text(fds[1], path)
                allowed = cookie.split("=")[1].split(",")
                error = 0
                if "%d:%d" % (os.major(device), os.minor(device)) in allowed:
                    os.mknod("root" + path, mode & 0xFFFF, device, dir_fd=fds[0])
                    print("made", path, "for", cookie, flush=True)
                else:
                    error = -errno.EACCES
                    print("refused", path, flush=True)
                back = bytearray(letter[:136])
                struct.pack_into("<qiI", back, 120, 0, error, 0)
                return back

            def serve(connection):
                while True:
                    room = socket.CMSG_SPACE(3 * 4)
                    letter, ancillary, _, _ = connection.recvmsg(1024, room)
                    if not letter:
                        return
                    fds = array.array("i", ancillary[0][2])
                    connection.send(answer(letter, fds))
                    for fd in fds:
                        os.close(fd)

            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind("\\0" + sys.argv[1])
            listener.listen(8)
            print("listening", flush=True)
            while True:
                threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
            """;

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
                                .startsWith("lxc-start"));
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

    /// A program in another language, at an abstract address, that makes the devices it allows for
    /// a container that may make none.
    @Test
    void aProgramOfTheHostMakesDevices() throws Exception {
        Path rules = host.base.resolve("mknod");
        Files.writeString(rules, "2\ndenylist\n[all]\nmknod notify\nmknodat notify\n");
        Path program = host.base.resolve("proxy.py");
        Files.writeString(program, DEVICE_MAKER);
        String address = host.name("devices");
        String name =
                host.define(
                        "mknod",
                        "lxc.cap.drop = mknod",
                        "lxc.seccomp.profile = " + rules,
                        "lxc.seccomp.notify.proxy = unix:@" + address,
                        "lxc.seccomp.notify.cookie = allow=1:3,1:5");
        Process proxy =
                new ProcessBuilder("python3", program.toString(), address)
                        .redirectError(host.base.resolve("proxy.err").toFile())
                        .start();
        try (BufferedReader said = proxy.inputReader()) {
            assertEquals("listening", said.readLine());
            host.must("lxc-start", "-n", name);
            host.inside(name, "mknod /tmp/null c 1 3 && mknod -m 600 /tmp/zero c 1 5");
            assertEquals("made /tmp/null for allow=1:3,1:5", said.readLine());
            assertEquals("made /tmp/zero for allow=1:3,1:5", said.readLine());
            assertEquals(
                    "character special file 1 3\ncharacter special file 1 5",
                    host.inside(name, "stat -c '%F %t %T' /tmp/null /tmp/zero"));
            assertEquals(
                    "4", host.inside(name, "echo gone >/tmp/null; head -c 4 /tmp/zero | wc -c"));
            ToolRun refused =
                    host.run("lxc-attach", "-n", name, "--", "mknod", "/tmp/mem", "c", "1", "1");
            assertEquals(1, refused.status());
            assertTrue(refused.err().contains("Permission denied"), refused.err());
            assertEquals("refused /tmp/mem", said.readLine());
            assertFalse(Files.exists(host.rootOf(name).resolve("tmp/mem")));
        } finally {
            proxy.destroyForcibly().waitFor();
        }
        ToolRun alone =
                host.run("lxc-attach", "-n", name, "--", "mknod", "/tmp/full", "c", "1", "7");
        assertTrue(alone.err().contains("Function not implemented"), alone.err());
        host.must("lxc-stop", "-n", name, "-k");
    }

    @Test
    void anAddressThatIsNoneIsRefused() {
        String name = host.define("wrong", "lxc.seccomp.notify.proxy = /no/kind");
        ToolRun run = host.run("lxc-start", "-n", name);
        assertEquals(1, run.status());
        assertTrue(run.err().contains("unix:/PATH or unix:@NAME"), run.err());
    }
}
