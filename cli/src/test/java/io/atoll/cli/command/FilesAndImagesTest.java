package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class FilesAndImagesTest {
    @TempDir Path directory;

    private FakeServer server;
    private CliRun cli;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start();
        cli = new CliRun(server);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private void onFile(String path, String type, String mode, String body) {
        server.on(
                "GET /1.0/instances/c1/files?path=" + path,
                peer ->
                        peer.send(
                                FakeServer.http(
                                        200,
                                        "X-LXD-type: " + type + "\r\nX-LXD-mode: " + mode + "\r\n",
                                        body)));
    }

    @Test
    void pushesAFileWithItsOwnerAndMode() throws IOException {
        Path file = Files.writeString(directory.resolve("f"), "hello");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
        server.onSync("POST /1.0/instances/c1/files?path=%2Froot%2Ff", "{}");
        assertEquals(
                0, cli.run("file", "push", file.toString(), "c1/root/", "--uid", "7"), cli.err());
        FakeServer.Request post = server.request("POST /1.0/instances/c1/files?path=%2Froot%2Ff");
        assertEquals("hello", post.body());
        assertEquals("0750", post.header("x-lxd-mode"));
        assertEquals("7", post.header("x-lxd-uid"));
        assertEquals("file", post.header("x-lxd-type"));
        assertEquals("5", post.header("content-length"));
    }

    @Test
    void pushesStdinAndTreesAndMakesDirectories() throws IOException {
        server.onSync("POST /1.0/instances/c1/files?*", "{}");
        assertEquals(
                0,
                cli.input("data").run("file", "push", "-", "c1/a/b/x", "-p", "--mode", "600"),
                cli.err());
        FakeServer.Request file = server.request("POST /1.0/instances/c1/files?path=%2Fa%2Fb%2Fx");
        assertEquals("data", file.body());
        assertEquals("0600", file.header("x-lxd-mode"));
        assertEquals(
                "directory",
                server.request("POST /1.0/instances/c1/files?path=%2Fa").header("x-lxd-type"));
        assertEquals(
                "directory",
                server.request("POST /1.0/instances/c1/files?path=%2Fa%2Fb").header("x-lxd-type"));

        Path tree = Files.createDirectories(directory.resolve("t/sub")).getParent();
        Files.writeString(tree.resolve("sub/f"), "1");
        Files.createSymbolicLink(tree.resolve("l"), Path.of("sub/f"));
        assertEquals(1, new CliRun(server).run("file", "push", tree.toString(), "c1/srv"));
        assertEquals(0, cli.run("file", "push", "-r", tree.toString(), "c1/srv"), cli.err());
        assertEquals(
                "1",
                server.request("POST /1.0/instances/c1/files?path=%2Fsrv%2Ft%2Fsub%2Ff").body());
        FakeServer.Request link =
                server.request("POST /1.0/instances/c1/files?path=%2Fsrv%2Ft%2Fl");
        assertEquals("symlink", link.header("x-lxd-type"));
        assertEquals("sub/f", link.body());
    }

    @Test
    void pullsFilesThroughLinksAndTrees() throws IOException {
        onFile("%2Fetc%2Flink", "symlink", "0777", "/etc/hosts");
        onFile("%2Fetc%2Fhosts", "file", "4640", "127.0.0.1\n");
        assertEquals(0, cli.run("file", "pull", "c1/etc/link", "-"));
        assertEquals("127.0.0.1\n", cli.out());
        assertEquals(0, cli.run("file", "pull", "c1/etc/hosts", directory + "/"), cli.err());
        Path pulled = directory.resolve("hosts");
        assertEquals("127.0.0.1\n", Files.readString(pulled));
        assertEquals(
                "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(pulled)));

        onFile(
                "%2Fetc",
                "directory",
                "0755",
                FakeServer.envelope("sync", "", 0, "", "[\"hosts\",\"link\"]"));
        assertEquals(1, cli.run("file", "pull", "c1/etc", directory.toString()));
        assertTrue(cli.err().contains("Can't pull a directory without --recursive"), cli.err());
        assertEquals(0, cli.run("file", "pull", "-r", "c1/etc", directory.toString()), cli.err());
        assertEquals(Path.of("/etc/hosts"), Files.readSymbolicLink(directory.resolve("etc/link")));
    }

    @Test
    void doesNotFollowTheServerOutOfTheTarget() throws IOException {
        onFile(
                "%2Fd",
                "directory", "0755", FakeServer.envelope("sync", "", 0, "", "[\"../evil\"]"));
        assertEquals(1, cli.run("file", "pull", "-r", "c1/d", directory.toString()));
        assertTrue(cli.err().contains("impossible file name"), cli.err());
        assertFalse(Files.exists(directory.resolveSibling("evil")));
    }

    @Test
    void importsSplitImagesAndSetsAliases() throws IOException {
        Path meta = Files.writeString(directory.resolve("meta.tar"), "META");
        Path rootfs = Files.writeString(directory.resolve("r.squashfs"), "ROOT");
        server.onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"fp9\"}", "");
        server.onError("POST /1.0/images/aliases", 409, "already exists")
                .onSync("PUT /1.0/images/aliases/a1", "{}");
        assertEquals(
                0,
                cli.run(
                        "image",
                        "import",
                        meta.toString(),
                        rootfs.toString(),
                        "os=x y",
                        "--alias",
                        "a1",
                        "--public"),
                cli.err());
        assertEquals("Image imported with fingerprint: fp9\n", cli.out());
        FakeServer.Request post = server.request("POST /1.0/images");
        assertEquals("os=x+y", post.header("x-lxd-properties"));
        assertEquals("true", post.header("x-lxd-public"));
        String boundary = post.header("content-type").replace("multipart/form-data; boundary=", "");
        assertEquals(
                "--B\r\nContent-Disposition: form-data; name=\"metadata\"; filename=\"meta.tar\"\r\n"
                        + "Content-Type: application/octet-stream\r\n\r\nMETA\r\n"
                        + "--B\r\nContent-Disposition: form-data; name=\"rootfs\"; filename=\"r.squashfs\"\r\n"
                        + "Content-Type: application/octet-stream\r\n\r\nROOT\r\n--B--\r\n",
                post.body().replace(boundary, "B"));
        assertEquals("{\"target\":\"fp9\"}", server.request("PUT /1.0/images/aliases/a1").body());
    }

    @Test
    void exportsUnifiedAndSplitImages() throws IOException {
        server.onSync("GET /1.0/images/aliases/a1", "{\"target\":\"fp\"}")
                .onSync("GET /1.0/images/fp", "{\"fingerprint\":\"fp\"}");
        server.on(
                "GET /1.0/images/fp/export",
                peer ->
                        peer.send(
                                FakeServer.http(
                                        200,
                                        "Content-Disposition: inline;filename=fp.tar.xz\r\n",
                                        "TAR")));
        server.on(
                "GET /1.0/images/fp/export",
                peer ->
                        peer.send(
                                FakeServer.http(
                                        200,
                                        "Content-Disposition: inline;filename=mine-2.tar.gz\r\n",
                                        "GZ")));
        assertEquals(0, cli.run("image", "export", "a1", directory.toString()), cli.err());
        assertEquals("TAR", Files.readString(directory.resolve("fp.tar.xz")));
        CliRun renamed = new CliRun(server);
        assertEquals(
                0,
                renamed.run("image", "export", "a1", directory.resolve("own").toString()),
                renamed.err());
        assertEquals("GZ", Files.readString(directory.resolve("own.tar.gz")));

        String content = "\r\n--x \r\r\n--";
        String parts =
                "--B\r\nContent-Disposition: form-data; name=\"metadata\"; filename=\"meta-fp.tar.xz\"\r\n\r\nM\r\n"
                        + "--B\r\nContent-Disposition: form-data; name=\"rootfs\"; filename=\"fp.squashfs\"\r\n\r\n"
                        + content
                        + "\r\n--B--\r\n";
        server.onSync("GET /1.0/images/aliases/a2", "{\"target\":\"f2\"}")
                .onSync("GET /1.0/images/f2", "{\"fingerprint\":\"fp\"}");
        FakeServer split = server;
        try (FakeServer other = FakeServer.start()) {
            server = other;
            other.onSync("GET /1.0/images/aliases/a2", "{\"target\":\"fp\"}")
                    .onSync("GET /1.0/images/fp", "{\"fingerprint\":\"fp\"}");
            other.on(
                    "GET /1.0/images/fp/export",
                    peer ->
                            peer.send(
                                    "HTTP/1.1 200 OK\r\nContent-Type: multipart/form-data; boundary=B\r\n"
                                            + "Content-Length: "
                                            + parts.length()
                                            + "\r\n\r\n"
                                            + parts));
            CliRun second = new CliRun(other);
            assertEquals(
                    0, second.run("image", "export", "a2", directory.toString()), second.err());
            assertEquals("M", Files.readString(directory.resolve("meta-fp.tar.xz")));
            assertEquals(content, Files.readString(directory.resolve("fp.squashfs")));
            CliRun named = new CliRun(other);
            assertEquals(
                    0,
                    named.run("image", "export", "a2", directory.resolve("mine").toString()),
                    named.err());
            assertEquals("M", Files.readString(directory.resolve("meta-mine.tar.xz")));
        } finally {
            server = split;
        }
    }

    @Test
    void asksTheDaemonToBuild() {
        server.onOperation("POST /1.0/images", "o1", "null", "{\"fingerprint\":\"fp9\"}", "");
        assertEquals(0, cli.run("image", "build", "debian/12"));
        assertEquals(
                "{\"source\":{\"type\":\"build\",\"alias\":\"debian/12\"},\"aliases\":[{\"name\":\"debian/12\"}]}",
                server.request("POST /1.0/images").body());
        assertEquals("Image built with fingerprint: fp9\n", cli.out());
    }

    @Test
    void aliasesOfContainersAreNoneOfVirtualMachines() {
        server.onSync(
                "GET /1.0/images/aliases/mine",
                "{\"name\":\"mine\",\"target\":\"fp\",\"type\":\"container\"}");
        server.onError("GET /1.0/images/mine", 404, "Image not found");
        for (List<String> words :
                List.of(
                        List.of("export", "mine", "--vm"),
                        List.of("info", "mine", "--vm"),
                        List.of("show", "mine", "--vm"),
                        List.of("copy", "mine", "local:", "--target-project", "p", "--vm"))) {
            CliRun cli = new CliRun(server);
            List<String> all = new ArrayList<>(List.of("image"));
            all.addAll(words);
            assertEquals(1, cli.run(all.toArray(String[]::new)), words.toString());
            assertTrue(cli.err().startsWith("Error: Image not found\n"), cli.err());
        }
        server.onSync(
                "GET /1.0/images/aliases/theirs",
                "{\"name\":\"theirs\",\"target\":\"fp\",\"type\":\"virtual-machine\"}");
        server.onSync("GET /1.0/images/fp", "{\"fingerprint\":\"fp\",\"public\":true}");
        CliRun cli = new CliRun(server);
        assertEquals(0, cli.run("image", "show", "theirs", "--vm"), cli.err());
        assertTrue(cli.out().contains("public: true"), cli.out());
    }
}
