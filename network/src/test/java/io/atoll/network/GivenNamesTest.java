package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GivenNamesTest {
    private static final InetAddress ONE = InetAddress.ofLiteral("10.0.5.7");

    @TempDir Path network;

    private String file(String key) throws IOException {
        return Files.readString(network.resolve("dnsmasq.names").resolve(key));
    }

    @Test
    void writesTheLongNameFirst() throws Exception {
        GivenNames names = new GivenNames(network);
        assertFalse(names.put("app.eth0", "app", ONE, "lxd"), "nothing was known");
        assertEquals("10.0.5.7 app.lxd app\n", file("app.eth0"));
        assertFalse(names.put("app.eth0", "app", ONE, "lxd"), "nothing is new");
        assertTrue(names.put("app.eth0", "app", InetAddress.ofLiteral("10.0.5.8"), "lxd"));
        assertEquals(
                "rw-r--r--",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(
                                network.resolve("dnsmasq.names").resolve("app.eth0"))));
    }

    @Test
    void followsTheDomain() throws Exception {
        GivenNames names = new GivenNames(network);
        names.prepare("lxd");
        boolean unused = names.put("app.eth0", "app", ONE, "lxd");
        names.prepare("home.arpa");
        assertEquals("10.0.5.7 app.home.arpa app\n", file("app.eth0"));
        names.prepare("");
        assertEquals("10.0.5.7 app\n", file("app.eth0"));
    }

    @Test
    void forgetsOnce() {
        GivenNames names = new GivenNames(network);
        assertFalse(names.remove("app.eth0"));
        boolean unused = names.put("app.eth0", "app", ONE, "lxd");
        assertTrue(names.remove("app.eth0"));
        assertFalse(names.remove("app.eth0"));
    }

    @Test
    void refusesKeysThatAreNoFileNames() {
        GivenNames names = new GivenNames(network);
        for (String key : new String[] {"", "../x", ".x", "a/b"}) {
            assertThrows(IllegalArgumentException.class, () -> names.put(key, "a", ONE, "lxd"));
            assertThrows(IllegalArgumentException.class, () -> names.remove(key));
        }
    }
}
