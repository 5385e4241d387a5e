package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.linux.net.MacAddress;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

final class DhcpReleaseTest {
    @Test
    void isAReleaseOfRfc2131() {
        byte[] message =
                DhcpRelease.encode(
                        InetAddress.ofLiteral("10.1.2.3"),
                        new MacAddress("00:16:3e:aa:bb:cc"),
                        InetAddress.ofLiteral("10.1.2.1"),
                        0x01020304);
        assertEquals(300, message.length);
        HexFormat hex = HexFormat.of();
        assertEquals(
                "01010600" + "01020304" + "00000000" + "0a010203",
                hex.formatHex(message, 0, 16),
                "request, ethernet, transaction, our address");
        assertEquals("00163eaabbcc", hex.formatHex(message, 28, 34));
        assertEquals(
                "63825363" + "350107" + "36040a010201" + "ff", hex.formatHex(message, 236, 250));
        assertArrayEquals(new byte[202], Arrays.copyOfRange(message, 34, 236));
    }
}
