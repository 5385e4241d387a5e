package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AptSourcesTest {
    @Test
    void readsParagraphs() {
        AptSources sources =
                AptSources.parse(
                        Map.of(
                                "/etc/apt/sources.list.d/debian.sources",
                                """
                                Types: deb
                                # a comment
                                URIs: http://mirror.example.org/debian/
                                Suites: bookworm bookworm-updates
                                Components: main

                                Types: deb deb-src
                                URIs:
                                 http://security.example.org/debian-security
                                Suites: bookworm-security
                                Enabled: yes

                                Types: deb
                                Enabled: no
                                URIs: http://off.example.org/debian
                                """));
        assertEquals(
                List.of(
                        "http://mirror.example.org/debian/",
                        "http://security.example.org/debian-security"),
                sources.uris());
        assertEquals(
                List.of(
                        "deb http://mirror.example.org/debian bookworm main",
                        "deb http://mirror.example.org/debian bookworm-updates main",
                        "deb http://security.example.org/debian-security bookworm-security main"),
                DebianImage.sources("bookworm", sources));
        assertEquals(
                List.of("deb http://mirror.example.org/debian sid main"),
                DebianImage.sources("sid", sources));
    }

    @Test
    void readsLines() {
        AptSources sources =
                AptSources.parse(
                        Map.of(
                                "/etc/apt/sources.list",
                                """
                                # deb http://off.example.org/debian bookworm main
                                deb-src http://src.example.org/debian bookworm main
                                deb [arch=amd64 signed-by=/x] https://a.example.org/debian bookworm main
                                deb https://packages.example.org/apt x main
                                """));
        assertEquals("https://a.example.org/debian", sources.debian());
        assertEquals("https://a.example.org/debian-security", sources.security());
    }

    @Test
    void takesDebiansOwnMirrorOnOtherHosts() {
        AptSources sources =
                AptSources.parse(
                        Map.of("x.list", "deb http://archive.ubuntu.com/ubuntu noble main\n"));
        assertEquals("http://deb.debian.org/debian", sources.debian());
        assertEquals("http://deb.debian.org/debian-security", sources.security());
    }
}
