package io.atoll.image.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import io.atoll.image.remote.HttpProxies.Settings;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HttpProxiesTest {
    @ParameterizedTest
    @ValueSource(strings = {"https://proxy:1", "socks5://proxy:1", "http://", "proxy:70000", "a b"})
    void refusesWhatIsNoPlainProxy(String text) {
        assertThrows(InvalidConfigException.class, () -> HttpProxies.parse(text));
    }

    @ParameterizedTest
    @CsvSource({
        "proxy, proxy, 80",
        "proxy:3128, proxy, 3128",
        "http://proxy.example.net:8080/, proxy.example.net, 8080",
        "10.0.0.1:3128, 10.0.0.1, 3128"
    })
    void readsAddresses(String text, String host, int port) {
        assertEquals(host, HttpProxies.parse(text).orElseThrow().host());
        assertEquals(port, HttpProxies.parse(text).orElseThrow().port());
        assertTrue(HttpProxies.parse("").isEmpty());
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, '', true",
        "127.0.0.5, '', true",
        "[::1], '', true",
        "example.net, '', false",
        "example.net, *, true",
        "example.net, 'a, EXAMPLE.net', true",
        "www.example.net, example.net, true",
        "www.example.net, .example.net, true",
        "www.example.net, *.example.net, true",
        "example.net, .example.net, true",
        "notexample.net, example.net, false",
        "example.net, example.net:443, true",
        "10.0.0.1, 10.0.0.1, true",
        "10.0.0.11, 10.0.0.1, false"
    })
    void knowsWhatNeedsNone(String host, String ignored, boolean isDirect) {
        assertEquals(isDirect, HttpProxies.isIgnored(host, ignored));
    }

    @Test
    void eachSchemeHasItsProxy() {
        Settings settings =
                Settings.of(Map.of("HTTP_PROXY", "one:1", "https_proxy", "http://two:2"));
        HttpProxies proxies = new HttpProxies(() -> settings);
        assertTrue(
                proxies.select(URI.create("http://a.example/")).toString().contains("one"), "http");
        assertTrue(
                proxies.select(URI.create("https://a.example/")).toString().contains("two"),
                "https");
        assertEquals(
                new Settings("x:1", "http://two:2", "y"),
                new Settings("x:1", "", "y").or(settings));
    }

    @Test
    void sayNothingSecret() {
        assertEquals(
                "Invalid proxy \"http://proxy:70000\"",
                assertThrows(
                                InvalidConfigException.class,
                                () -> HttpProxies.parse("http://joe:secret@proxy:70000"))
                        .getMessage());
        assertEquals("proxy:1", HttpProxies.parse("joe:secret@proxy:1").orElseThrow().toString());
    }

    /// What the proxy hears of name and password, over http and https.
    @ParameterizedTest
    @ValueSource(strings = {"http", "https"})
    void tellsTheProxyWhoAsks(String scheme) throws Exception {
        BlockingQueue<String> asked = new LinkedBlockingQueue<>();
        try (ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread unused = Thread.ofVirtual().start(() -> refuseAll(proxy, asked));
            String address = "joe:a%20secret@127.0.0.1:" + proxy.getLocalPort();
            HttpProxies proxies = new HttpProxies(() -> new Settings(address, address, "direct"));
            HttpFetcher http = new HttpFetcher("test", Optional.empty(), proxies);
            URI uri = URI.create(scheme + "://images.invalid/x");
            UnavailableException refused =
                    assertThrows(UnavailableException.class, () -> http.read(uri, 10));
            assertTrue(
                    String.valueOf(refused.getMessage()).contains("another name and password"),
                    refused.toString());
            assertEquals(Optional.empty(), proxies.authorization(URI.create("https://direct/")));
        }
        String first = asked.take();
        assertTrue(first.contains("images.invalid"), first);
        assertTrue(asked.contains("proxy-authorization: basic am9lOmEgc2VjcmV0"), asked.toString());
    }

    @Test
    void requestsGoThroughIt() throws Exception {
        BlockingQueue<String> asked = new LinkedBlockingQueue<>();
        try (ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread unused = Thread.ofVirtual().start(() -> refuseAll(proxy, asked));
            Settings settings = new Settings("", "127.0.0.1:" + proxy.getLocalPort(), "");
            HttpFetcher http =
                    new HttpFetcher("test", Optional.empty(), new HttpProxies(() -> settings));
            assertThrows(
                    UnavailableException.class,
                    () -> http.read(URI.create("https://images.invalid/x"), 10));
        }
        assertEquals("CONNECT images.invalid:443 HTTP/1.1", asked.take());
    }

    private static void refuseAll(ServerSocket proxy, BlockingQueue<String> asked) {
        while (!proxy.isClosed()) {
            try (Socket client = proxy.accept();
                    BufferedReader in =
                            new BufferedReader(
                                    new InputStreamReader(
                                            client.getInputStream(), StandardCharsets.US_ASCII))) {
                String first = String.valueOf(in.readLine());
                asked.add(first);
                boolean isKnown = false;
                for (String line = in.readLine();
                        line != null && !line.isEmpty();
                        line = in.readLine()) {
                    isKnown |= line.toLowerCase(java.util.Locale.ROOT).startsWith("proxy-auth");
                    asked.add(
                            line.replaceFirst(
                                    "(?i)proxy-authorization: basic",
                                    "proxy-authorization: basic"));
                }
                client.getOutputStream()
                        .write(
                                ("HTTP/1.1 "
                                                + (isKnown ? "407 Who" : "403 No")
                                                + "\r\nContent-Length: 0\r\n\r\n")
                                        .getBytes(StandardCharsets.US_ASCII));
            } catch (java.io.IOException _) {
                return;
            }
        }
    }
}
