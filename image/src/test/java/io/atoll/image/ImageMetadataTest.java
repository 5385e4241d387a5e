package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ImageMetadataTest {
    @Test
    void readsAnEmptyTemplatesKey() {
        ImageMetadata metadata =
                ImageMetadata.parse(
                        """
                        architecture: "x86_64"
                        creation_date: 1470920887
                        properties:
                          architecture: "x86_64"
                          description: "Custom development image"
                          os: "fedora"
                          release: "1.2.3"
                        templates:
                        """);
        assertEquals("x86_64", metadata.architecture());
        assertEquals(1470920887, metadata.creationDate());
        assertEquals("1.2.3", metadata.properties().get("release"));
        assertEquals(Map.of(), metadata.templates());
        assertTrue(metadata.expiresAt().isEmpty());
    }

    @Test
    void readsTemplatesAndWritesThemBack() {
        ImageMetadata metadata =
                ImageMetadata.parse(
                        """
                        architecture: amd64
                        creation_date: 1
                        expiry_date: 2
                        properties: {}
                        templates:
                          /etc/hostname:
                            when: [create, copy]
                            create_only: true
                            template: hostname.tpl
                            properties: {a: 1}
                          /x:
                            when:
                              - start
                            template: x
                            properties:
                        """);
        assertEquals(
                new ImageTemplate(
                        List.of("create", "copy"), true, "hostname.tpl", Map.of("a", "1")),
                metadata.templates().get("/etc/hostname"));
        assertEquals(
                new ImageTemplate(List.of("start"), false, "x", Map.of()),
                metadata.templates().get("/x"));
        assertEquals(metadata, ImageMetadata.parse(metadata.render()));
    }

    @Test
    void aReleaseIsNoNumber() {
        ImageMetadata metadata =
                ImageMetadata.parse(
                        "architecture: x86_64\ncreation_date: 1470920887\n"
                                + "properties: {os: Alpine, release: 3.20, variant: ~, serial: 1e3}\n");
        assertEquals(
                Map.of("os", "Alpine", "release", "3.20", "variant", "", "serial", "1e3"),
                metadata.properties());
        assertEquals(1470920887, metadata.creationDate());
    }

    @Test
    void saysWhatIsMissing() {
        assertEquals("Missing creation date", fault("architecture: x86_64\n"));
        assertEquals("Missing architecture", fault("creation_date: 1\n"));
        assertEquals(
                "Architecture isn't supported: z80",
                fault("architecture: z80\ncreation_date: 1\n"));
    }

    @Test
    void refusesHostileYaml() {
        String bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
        for (char c = 'b'; c < 'z'; c++) {
            char p = (char) (c - 1);
            bomb += c + ": &" + c + " [*" + p + ",*" + p + ",*" + p + ",*" + p + "]\n";
        }
        for (String bad :
                new String[] {
                    "- a", "{", "architecture: [x", "!!java.lang.Runtime {}", "templates: 3", bomb
                }) {
            assertThrows(InvalidConfigException.class, () -> ImageMetadata.parse(bad), bad);
        }
    }

    private static String fault(String yaml) {
        return assertThrows(InvalidConfigException.class, () -> ImageMetadata.parse(yaml))
                .getMessage();
    }

    @Test
    void endlessNumbersAreRefused() {
        for (String number : List.of("17" + "0".repeat(100_000), "-1." + "3".repeat(80))) {
            InvalidConfigException refused =
                    assertThrows(
                            InvalidConfigException.class,
                            () ->
                                    ImageMetadata.parse(
                                            "architecture: x86_64\ncreation_date: " + number));
            assertTrue(refused.getMessage().contains("too long"), refused.getMessage());
        }
    }
}
