package io.atoll.lxctools.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.UnavailableException;
import io.atoll.image.remote.StreamsList;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageIndexTest {
    private static final URI BASE = URI.create("https://images.example/");
    private static final String SUM = "a".repeat(64);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "debian;bookworm;amd64;default;1",
                "debian;bookworm;amd64;default;1;../../etc/",
                "debian;bookworm;amd64;default;1;http://elsewhere/",
                "<html>"
            })
    void refusesLinesThatAreNoneOrLeadElsewhere(String text) {
        assertThrows(UnavailableException.class, () -> ImageIndex.parseLines(BASE, text));
    }

    @Test
    void readsLines() {
        ServerImage image =
                ImageIndex.parseLines(BASE, "debian;bookworm;amd64;default;20260101;/images/d/b\n")
                        .getFirst();
        assertEquals(BASE.resolve("images/d/b/meta.tar.xz"), image.metadata().uri());
        assertEquals(BASE.resolve("images/d/b/rootfs.tar.xz"), image.rootfs().uri());
        assertEquals(Optional.empty(), image.rootfs().sha256());
        assertTrue(image.matches("Debian", "bookworm", "amd64", "default"));
    }

    @Test
    void takesTheNewestWholeVersionOfAProduct() {
        String text =
                """
                {"products": {"debian:bookworm:amd64:default": {
                  "os": "Debian", "release": "bookworm", "arch": "amd64", "variant": "default",
                  "versions": {
                    "1": {"items": {
                      "a": {"ftype": "lxc.tar.xz", "path": "1/lxc", "sha256": "%1$s"},
                      "b": {"ftype": "root.tar.xz", "path": "1/root", "sha256": "%1$s"},
                      "c": {"ftype": "squashfs", "path": "1/sq", "sha256": "%1$s"}}},
                    "2": {"items": {
                      "a": {"ftype": "lxc.tar.xz", "path": "2/lxc", "sha256": "%1$s"}}}}}}}
                """
                        .formatted(SUM);
        List<ServerImage> images = ImageIndex.ofStreams(StreamsList.parse(BASE, text));
        assertEquals(List.of("1"), images.stream().map(ServerImage::build).toList());
        assertEquals(Optional.of(SUM), images.getFirst().rootfs().sha256());
        assertEquals(BASE.resolve("1/sq"), images.getFirst().squashfs().orElseThrow().uri());
    }
}
