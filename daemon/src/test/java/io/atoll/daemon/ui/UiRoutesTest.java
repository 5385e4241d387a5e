package io.atoll.daemon.ui;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.daemon.http.TestClient;
import io.atoll.daemon.http.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pages for browsers: what is below the directory and nothing else, whatever the path says and
/// wherever links lead.
final class UiRoutesTest {
    private static final String INDEX = "<!doctype html><title>pages</title>";
    private static final Instant CHANGED = Instant.parse("2026-03-05T07:08:09.5Z");

    @TempDir Path folder;
    private Path pages;
    private TestServer server;
    private TestClient client;

    @BeforeEach
    void start() throws Exception {
        pages = Files.createDirectories(folder.resolve("pages/assets")).getParent();
        Files.writeString(folder.resolve("secret"), "secret");
        Files.writeString(pages.resolve("index.html"), INDEX);
        Files.writeString(pages.resolve("assets/main.js"), "let a = 1;");
        Files.writeString(pages.resolve("assets/two words+ü.CSS"), "b {}");
        Files.setLastModifiedTime(pages.resolve("assets/main.js"), FileTime.from(CHANGED));
        serve(Optional.of(pages));
    }

    private void serve(Optional<Path> directory) throws IOException {
        server = new TestServer(new UiRoutes(directory));
        client = server.client();
    }

    private void serveAgain(Optional<Path> directory) throws IOException {
        stop();
        serve(directory);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
    }

    private TestClient.Answer send(String method, String path, Map<String, String> headers)
            throws IOException {
        return client.send(method, path, headers, new byte[0]);
    }

    @Test
    void sendsFilesWithTheirTypes() throws Exception {
        TestClient.Answer script = client.get("/ui/assets/main.js");
        assertEquals(200, script.status());
        assertEquals("let a = 1;", script.text());
        assertEquals("text/javascript; charset=utf-8", script.headers().get("content-type"));
        assertEquals("nosniff", script.headers().get("x-content-type-options"));
        assertEquals("no-cache", script.headers().get("cache-control"));
        assertEquals("SAMEORIGIN", script.headers().get("x-frame-options"));
        assertEquals("Thu, 05 Mar 2026 07:08:09 GMT", script.headers().get("last-modified"));
        TestClient.Answer style = client.get("/ui/assets/two%20words+%c3%bc.CSS?v=1");
        assertEquals("b {}", style.text());
        assertEquals("text/css; charset=utf-8", style.headers().get("content-type"));
    }

    @Test
    void sendsTheIndexForPagesOfTheApplication() throws Exception {
        for (String path :
                List.of(
                        "/ui/",
                        "/ui/index.html",
                        "/ui/login",
                        "/ui/project/default/instances",
                        "/ui/assets",
                        "/ui/assets/",
                        "/ui/assets/gone.js",
                        "/ui/assets/main.js/x",
                        "/ui/" + "n".repeat(300))) {
            TestClient.Answer answer = client.get(path);
            assertEquals(200, answer.status(), path);
            assertEquals(INDEX, answer.text(), path);
            assertEquals("text/html; charset=utf-8", answer.headers().get("content-type"), path);
        }
    }

    @Test
    void leavesTheDirectoryByNoPath() throws Exception {
        for (String path :
                List.of(
                        "/ui/../secret",
                        "/ui/..",
                        "/ui/.",
                        "/ui/assets/../../secret",
                        "/ui/assets/../index.html",
                        "/ui/./index.html",
                        "/ui/%2e%2e/secret",
                        "/ui/%2E%2e%2fsecret",
                        "/ui/..%2fsecret",
                        "/ui/assets%2f..%2f..%2fsecret",
                        "/ui/assets%2fmain.js",
                        "/ui//index.html",
                        "/ui//",
                        "/ui///",
                        "/ui/%c0%ae%c0%ae/secret",
                        "/ui/%ff",
                        "/ui//" + folder.resolve("secret"),
                        "/ui/%2f" + folder.resolve("secret"))) {
            TestClient.Answer answer = client.get(path);
            assertEquals(404, answer.status(), path);
            assertEquals("not found", answer.json().get("error").asString(), path);
        }
        for (String path :
                List.of(
                        "/ui/%00",
                        "/ui/index.html%00.js", "/ui/%", "/ui/%2", "/ui/%zz", "/ui/a%")) {
            int status = client.get(path).status();
            assertTrue(status == 400 || status == 404, path + " " + status);
            client.close();
            client = server.client();
        }
    }

    @Test
    void decodesOnce() throws Exception {
        Files.writeString(pages.resolve("%2e"), "a name like any other");
        assertEquals("a name like any other", client.get("/ui/%252e").text());
        assertEquals(INDEX, client.get("/ui/%252e%252e%252fsecret").text());
    }

    @Test
    void followsLinksInsideOnly() throws Exception {
        Files.createSymbolicLink(pages.resolve("inside.js"), Path.of("assets/main.js"));
        Files.createSymbolicLink(pages.resolve("out"), folder.resolve("secret"));
        Files.createSymbolicLink(pages.resolve("up"), Path.of("../secret"));
        Files.createSymbolicLink(pages.resolve("above"), Path.of(".."));
        Files.createSymbolicLink(pages.resolve("root"), Path.of("/"));
        Files.createSymbolicLink(pages.resolve("loop"), Path.of("loop"));
        Files.createSymbolicLink(pages.resolve("self"), Path.of("/proc/self/environ"));
        assertEquals("let a = 1;", client.get("/ui/inside.js").text());
        for (String path :
                List.of(
                        "out",
                        "up",
                        "above/secret",
                        "root" + folder.resolve("secret"),
                        "root/etc/hostname",
                        "loop",
                        "self")) {
            assertEquals(INDEX, client.get("/ui/" + path).text(), path);
        }
    }

    @Test
    void sendsPlainFilesOnly() throws Exception {
        Process made =
                new ProcessBuilder("mkfifo", pages.resolve("pipe").toString()).inheritIO().start();
        assertEquals(0, made.waitFor());
        Files.createSymbolicLink(pages.resolve("zero"), Path.of("/dev/zero"));
        assertEquals(INDEX, client.get("/ui/pipe").text());
        assertEquals(INDEX, client.get("/ui/zero").text());
    }

    @Test
    void sendsNothingWithoutAnIndex() throws Exception {
        Files.delete(pages.resolve("index.html"));
        assertEquals(404, client.get("/ui/").status());
        assertEquals(404, client.get("/ui/nosuch").status());
        assertEquals(200, client.get("/ui/assets/main.js").status());
        Files.createSymbolicLink(pages.resolve("index.html"), folder.resolve("secret"));
        assertEquals(404, client.get("/ui/nosuch").status());
    }

    @Test
    void saysWhatTheClientHasAlready() throws Exception {
        TestClient.Answer first = client.get("/ui/assets/main.js");
        String tag = first.headers().get("etag");
        for (Map<String, String> known :
                List.of(
                        Map.of("If-None-Match", tag),
                        Map.of("If-None-Match", "\"x\", W/" + tag),
                        Map.of("If-None-Match", "*"),
                        Map.of("If-Modified-Since", "Thu, 05 Mar 2026 07:08:09 GMT"),
                        Map.of("If-Modified-Since", "Fri, 06 Mar 2026 00:00:00 GMT"))) {
            TestClient.Answer answer = send("GET", "/ui/assets/main.js", known);
            assertEquals(304, answer.status(), known.toString());
            assertEquals(tag, answer.headers().get("etag"), known.toString());
        }
        for (Map<String, String> unknown :
                List.of(
                        Map.of("If-None-Match", "\"x\""),
                        Map.of(
                                "If-None-Match",
                                "\"x\"",
                                "If-Modified-Since",
                                "Fri, 06 Mar 2026 00:00:00 GMT"),
                        Map.of("If-Modified-Since", "Thu, 05 Mar 2026 07:08:08 GMT"),
                        Map.of("If-Modified-Since", "last week"))) {
            assertEquals(
                    "let a = 1;",
                    send("GET", "/ui/assets/main.js", unknown).text(),
                    unknown.toString());
        }
        Files.writeString(pages.resolve("assets/main.js"), "let a = 2;");
        TestClient.Answer changed = send("GET", "/ui/assets/main.js", Map.of("If-None-Match", tag));
        assertEquals(200, changed.status());
        assertEquals("let a = 2;", changed.text());
        assertFalse(tag.equals(changed.headers().get("etag")));
    }

    @Test
    void sendsPartsOfWhatItStillHas() throws Exception {
        String tag = client.get("/ui/assets/main.js").headers().get("etag");
        Map<String, String> part = Map.of("Range", "bytes=4-4", "If-Range", tag);
        TestClient.Answer answer = send("GET", "/ui/assets/main.js", part);
        assertEquals(206, answer.status());
        assertEquals("a", answer.text());
        Map<String, String> old = Map.of("Range", "bytes=4-4", "If-Range", "\"x\"");
        assertEquals("let a = 1;", send("GET", "/ui/assets/main.js", old).text());
    }

    @Test
    void answersHeadWithoutTheBody() throws Exception {
        TestClient.Answer head = send("HEAD", "/ui/assets/main.js", Map.of());
        assertEquals(200, head.status());
        assertEquals("10", head.headers().get("content-length"));
        assertEquals(404, send("HEAD", "/ui/../secret", Map.of()).status());
        assertEquals("let a = 1;", client.get("/ui/assets/main.js").text());
    }

    @Test
    void changesNothing() throws Exception {
        for (String method : List.of("POST", "PUT", "PATCH", "DELETE")) {
            for (String path : List.of("/ui", "/ui/", "/ui/index.html", "/ui/new.js")) {
                TestClient.Answer answer = client.send(method, path, "text");
                assertEquals(405, answer.status(), method + " " + path);
                assertEquals("GET, HEAD", answer.headers().get("allow"));
            }
        }
        assertEquals(INDEX, Files.readString(pages.resolve("index.html")));
        assertFalse(Files.exists(pages.resolve("new.js")));
    }

    @Test
    void sendsLargeFilesWhole() throws Exception {
        byte[] large = new byte[20 << 20];
        new Random(11).nextBytes(large);
        Files.write(pages.resolve("large.bin"), large);
        TestClient.Answer answer = client.get("/ui/large.bin");
        assertEquals("application/octet-stream", answer.headers().get("content-type"));
        assertArrayEquals(large, answer.body());
    }

    @Test
    void leadsBrowsersToThePages() throws Exception {
        TestClient.Answer entry = client.get("/ui");
        assertEquals(301, entry.status());
        assertEquals("/ui/", entry.headers().get("location"));
        for (Map<String, String> browser :
                List.of(
                        Map.of("User-Agent", "Mozilla/5.0 (X11; rv:1) Gecko/20100101 Firefox/1"),
                        Map.of("Accept", "text/html,*/*;q=0.8"))) {
            TestClient.Answer answer = send("GET", "/", browser);
            assertEquals(302, answer.status());
            assertEquals("/ui/", answer.headers().get("location"));
        }
        assertEquals("[\"/1.0\"]", client.get("/").metadata().render());
    }

    @Test
    void servesNothingWhereNothingIsNamed() throws Exception {
        serveAgain(Optional.empty());
        Map<String, String> browser = Map.of("Accept", "text/html");
        assertEquals("[\"/1.0\"]", send("GET", "/", browser).metadata().render());
        for (String path : List.of("/ui", "/ui/", "/ui/index.html", "/ui/etc/hostname")) {
            assertEquals(404, client.get(path).status(), path);
            assertEquals(404, client.send("POST", path, "").status(), path);
        }
    }

    @Test
    void looksForTheDirectoryEachTime() throws Exception {
        Path later = folder.resolve("later");
        serveAgain(Optional.of(later));
        Map<String, String> browser = Map.of("Accept", "text/html");
        assertEquals(404, client.get("/ui/").status());
        assertEquals(200, send("GET", "/", browser).status());
        Files.createSymbolicLink(later, pages);
        assertEquals(INDEX, client.get("/ui/").text());
        assertEquals(302, send("GET", "/", browser).status());
    }

    @Test
    void readsOneFileFromItsBeginningToItsEnd() throws Exception {
        UiFiles files = new UiFiles(pages);
        UiFiles.Found found =
                files.find(UiPath.parse("assets/main.js").orElseThrow()).orElseThrow();
        Files.move(pages.resolve("assets/main.js"), pages.resolve("assets/old.js"));
        Files.writeString(pages.resolve("assets/main.js"), "let a = 12345;");
        IOException refusal = assertThrows(IOException.class, found::open);
        assertTrue(refusal.getMessage().contains("replaced meanwhile"), refusal.getMessage());
        assertEquals("let a = 12345;", client.get("/ui/assets/main.js").text());
    }
}
