package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.cli.CliException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PublishedPortTest {
    @ParameterizedTest
    @ValueSource(strings = {"default", "web-8080", "8080", "a:b", "80:80/icmp", ":80:80", "80:"})
    void aProfileIsNoPort(String text) {
        assertFalse(PublishedPort.isOne(text));
    }

    @ParameterizedTest
    @CsvSource({
        "8080:80,tcp:0.0.0.0:8080,tcp:127.0.0.1:80",
        "127.0.0.1:53:5353/udp,udp:127.0.0.1:53,udp:127.0.0.1:5353",
        "[::]:8080:80/tcp,tcp:[::]:8080,tcp:[::1]:80"
    })
    void becomesAProxy(String text, String listen, String connect) {
        assertTrue(PublishedPort.isOne(text));
        PublishedPort port = PublishedPort.parse(text);
        assertEquals(listen, port.device().get("listen").asString());
        assertEquals(connect, port.device().get("connect").asString());
    }

    @Test
    void refusesWhatIsNoPortNumber() {
        assertThrows(CliException.class, () -> PublishedPort.parse("0:80"));
        assertThrows(CliException.class, () -> PublishedPort.parse("80:65536"));
    }
}
