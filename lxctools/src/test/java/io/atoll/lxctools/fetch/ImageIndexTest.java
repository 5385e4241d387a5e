package io.atoll.lxctools.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.UnavailableException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageIndexTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "debian;bookworm;amd64;default;1",
                "debian;bookworm;amd64;default;1;../../etc/",
                "debian;bookworm;amd64;default;1;http://elsewhere/",
                "<html>"
            })
    void refusesLinesThatAreNoneOrLeadElsewhere(String text) {
        assertThrows(UnavailableException.class, () -> ImageIndex.parseLines(text));
    }

    @Test
    void readsLines() {
        ServerImage image =
                ImageIndex.parseLines("debian;bookworm;amd64;default;20260101;/images/d/b\n")
                        .getFirst();
        assertEquals("images/d/b/meta.tar.xz", image.metadata().path());
        assertEquals("images/d/b/rootfs.tar.xz", image.rootfs().path());
        assertEquals(Optional.empty(), image.rootfs().sha256());
        assertTrue(image.matches("Debian", "bookworm", "amd64", "default"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]]",
                "{\"products\": {\"a:b:c:d\": {\"versions\": {\"1\": {\"items\": {\"x\": {\"ftype\": 5}}}}}}}"
            })
    void refusesDamagedStreams(String text) {
        assertThrows(UnavailableException.class, () -> ImageIndex.parseStreams(text));
    }

    @Test
    void takesTheNewestWholeVersionOfAProduct() {
        String text =
                """
                {"products": {"debian:bookworm:amd64:default": {
                  "os": "Debian", "release": "bookworm", "arch": "amd64", "variant": "default",
                  "versions": {
                    "1": {"items": {
                      "a": {"ftype": "lxc.tar.xz", "path": "1/lxc", "sha256": "aa"},
                      "b": {"ftype": "root.tar.xz", "path": "1/root", "sha256": "bb"},
                      "c": {"ftype": "squashfs", "path": "1/sq", "sha256": "cc"}}},
                    "2": {"items": {
                      "a": {"ftype": "lxc.tar.xz", "path": "2/lxc", "sha256": "aa"}}}}}}}
                """;
        List<ServerImage> images = ImageIndex.parseStreams(text);
        assertEquals(List.of("1"), images.stream().map(ServerImage::build).toList());
        assertEquals(Optional.of("bb"), images.getFirst().rootfs().sha256());
        assertEquals("1/sq", images.getFirst().squashfs().orElseThrow().path());
        assertEquals(List.of(), ImageIndex.parseStreams("{}"));
    }
}
