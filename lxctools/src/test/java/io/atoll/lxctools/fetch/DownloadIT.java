package io.atoll.lxctools.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.lxctools.Scratch;
import io.atoll.lxctools.ToolRun;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Template download against a server on the loopback interface: row L1-16, CVE-2017-18641.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DownloadIT {
    private Scratch scratch;
    private Path site;
    private HttpServer server;

    @BeforeAll
    void makeImage() throws Exception {
        scratch = new Scratch();
        site = Files.createDirectories(scratch.directory().resolve("site"));
        Path image = Files.createDirectories(site.resolve("images/busybox"));
        ToolRun busybox =
                scratch.run(
                        "lxc-create", "-n", "source", "-t", "busybox", "-f", scratch.emptyConfig());
        assertEquals(0, busybox.status(), busybox.err());
        Path meta = Files.createDirectories(scratch.directory().resolve("meta"));
        Files.writeString(
                meta.resolve("config"),
                "lxc.arch = x86_64\nlxc.signal.halt = SIGUSR1\nlxc.mount.fstab =\n# LXC_NAME\n");
        Files.writeString(meta.resolve("create-message"), "made LXC_NAME\n");
        Files.writeString(meta.resolve("templates"), "/etc/hostname\n");
        Files.writeString(scratch.container("source").resolve("rootfs/etc/hostname"), "LXC_NAME\n");
        tar(meta, image.resolve("meta.tar.xz"));
        tar(scratch.container("source").resolve("rootfs"), image.resolve("rootfs.tar.xz"));
        ToolRun gone = scratch.run("lxc-destroy", "-n", "source");
        assertEquals(0, gone.status(), gone.err());
    }

    @BeforeEach
    void serve() throws Exception {
        Files.createDirectories(site.resolve("streams/v1"));
        writeStreams(sum(site.resolve("images/busybox/rootfs.tar.xz")));
        server =
                SimpleFileServer.createFileServer(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        site,
                        SimpleFileServer.OutputLevel.NONE);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
        for (String leftover : List.of("cache", "lxc/c1", "site/streams", "site/meta")) {
            Commands.Result unused =
                    Commands.run(
                            Command.of(
                                    "rm", "-rf", scratch.directory().resolve(leftover).toString()));
        }
    }

    @AfterAll
    void close() throws Exception {
        scratch.close();
    }

    private static void tar(Path from, Path to) {
        Commands.Result unused =
                Commands.run(Command.of("tar", "-C", from.toString(), "-cJf", to.toString(), "."));
    }

    private static String sum(Path file) {
        return Commands.run(Command.of("sha256sum", file.toString())).text().substring(0, 64);
    }

    private void writeStreams(String rootSum) throws Exception {
        Files.writeString(
                site.resolve("streams/v1/index.json"),
                """
                {"index": {"images": {"datatype": "image-downloads", "path": "streams/v1/images.json",
                  "products": ["busybox:1:amd64:default"]}}}
                """);
        Files.writeString(
                site.resolve("streams/v1/images.json"),
                """
                {"products": {"busybox:1:amd64:default": {
                  "os": "busybox", "release": "1", "arch": "amd64", "variant": "default",
                  "versions": {"20260101": {"items": {
                    "m": {"ftype": "lxc.tar.xz", "path": "images/busybox/meta.tar.xz", "sha256": "%s"},
                    "r": {"ftype": "root.tar.xz", "path": "images/busybox/rootfs.tar.xz", "sha256": "%s"}}}}}}}
                """
                        .formatted(sum(site.resolve("images/busybox/meta.tar.xz")), rootSum));
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private ToolRun template(String... more) {
        List<String> args =
                new java.util.ArrayList<>(
                        List.of("-d", "busybox", "-r", "1", "-a", "amd64", "--server", url()));
        args.addAll(List.of(more));
        Path container = scratch.container("c1");
        try {
            Files.createDirectories(container.resolve("rootfs"));
            Files.writeString(container.resolve("config"), "");
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
        args.addAll(List.of("--path=" + container, "--name=c1"));
        args.add("--rootfs=" + container.resolve("rootfs"));
        return ToolRun.of(
                Map.of(
                        "LXC_CACHE_PATH", scratch.directory().resolve("cache").toString(),
                        "LXC_SHARE", Scratch.SHARE.toString(),
                        "HOME", "/root"),
                "lxc-template-download",
                args.toArray(String[]::new));
    }

    @Test
    void cve_2017_18641_refusesAnUnsignedIndexOverHttp() {
        ToolRun run = template();
        assertEquals(1, run.status());
        assertTrue(run.err().contains("is not signed"), run.err());
        assertFalse(Files.exists(scratch.container("c1").resolve("rootfs/bin")));
    }

    @Test
    void refusesWhatHasAnotherSum() throws Exception {
        writeStreams("0".repeat(64));
        ToolRun run = template("--no-validate");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("Hash mismatch for"), run.err());
        // The next try begins anew.
        writeStreams(sum(site.resolve("images/busybox/rootfs.tar.xz")));
        ToolRun again = template("--no-validate");
        assertEquals(0, again.status(), again.err());
    }

    @Test
    void saysWhatTheServerDoesNotHave() {
        ToolRun run = template("--no-validate", "--variant", "big");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("has no image of busybox 1 amd64 big"), run.err());
    }

    @Test
    void makesAContainerAndKeepsTheImage() throws Exception {
        ToolRun run = template("--no-validate");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("Downloading rootfs.tar.xz"), run.out());
        assertTrue(run.out().contains("made c1"), run.out());
        Path container = scratch.container("c1");
        assertEquals("c1\n", Files.readString(container.resolve("rootfs/etc/hostname")));
        assertTrue(Files.readString(container.resolve("config")).contains("lxc.uts.name = c1"));
        Commands.Result unused =
                Commands.run(Command.of("rm", "-rf", container.resolve("rootfs").toString()));
        ToolRun again = template("--no-validate");
        assertEquals(0, again.status(), again.err());
        assertTrue(again.out().contains("from the cache"), again.out());
        server.stop(0);
        Commands.Result gone =
                Commands.run(Command.of("rm", "-rf", container.resolve("rootfs").toString()));
        ToolRun offline = template("--force-cache");
        assertEquals(0, offline.status(), offline.err());
    }

    @Test
    void listsImages() {
        ToolRun run = template("--no-validate", "--list");
        assertEquals(0, run.status(), run.err());
        assertTrue(run.out().contains("busybox\t1\tamd64\tdefault\t20260101"), run.out());
    }

    @Test
    void takesASignedIndexAndRefusesAForgedOne() throws Exception {
        Path home = Files.createDirectories(scratch.directory().resolve("gnupg"));
        Commands.Result made =
                gpg(
                        home,
                        "--passphrase",
                        "",
                        "--quick-generate-key",
                        "images@example.org",
                        "ed25519",
                        "sign");
        Path keyring = scratch.directory().resolve("keys.gpg");
        Commands.Result exported = gpg(home, "--output", keyring.toString(), "--export");
        Path index = site.resolve("streams/v1/images.json");
        for (Path file : List.of(index, index.resolveSibling("index.json"))) {
            Commands.Result signed =
                    gpg(
                            home,
                            "--armor",
                            "--detach-sign",
                            "--output",
                            file + ".asc",
                            file.toString());
        }
        ToolRun run = template("--keyring", keyring.toString());
        assertEquals(0, run.status(), run.err());

        Files.writeString(index, Files.readString(index).replace("20260101", "20260102"));
        ToolRun forged = template("--keyring", keyring.toString());
        assertEquals(1, forged.status());
        assertTrue(forged.err().contains("images.json is wrong"), forged.err());
    }

    private static Commands.Result gpg(Path home, String... words) {
        List<String> argv =
                new java.util.ArrayList<>(
                        List.of("gpg", "--batch", "--no-tty", "--homedir", home.toString()));
        argv.addAll(List.of("--pinentry-mode", "loopback"));
        argv.addAll(List.of(words));
        return Commands.run(Command.of(argv));
    }

    @Test
    void readsTheClassicIndexToo() throws Exception {
        Files.delete(site.resolve("streams/v1/index.json"));
        Files.createDirectories(site.resolve("meta/1.0"));
        Files.writeString(
                site.resolve("meta/1.0/index-system"),
                "busybox;1;amd64;default;20260101;/images/busybox/\n");
        assertEquals(1, template().status());
        ToolRun run = template("--no-validate");
        assertEquals(0, run.status(), run.err());
    }
}
