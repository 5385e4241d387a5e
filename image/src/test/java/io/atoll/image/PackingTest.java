package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PackingTest {
    /// Words in an order without a pattern: whoever looks longer packs them better.
    private static final byte[] TEXT = text();

    private static byte[] text() {
        Random random = new Random(7);
        StringBuilder out = new StringBuilder();
        while (out.length() < 400_000) {
            out.append(Integer.toString(random.nextInt(5_000), 36)).append(' ');
        }
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] packed(String value) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = Packing.parse(value).compress(bytes)) {
            out.write(TEXT);
        }
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @CsvSource({
        "gzip, GZIP",
        "' gzip ', GZIP",
        "gzip -1, GZIP",
        "gzip   -9, GZIP",
        "pigz -3, GZIP",
        "bzip2 -1, BZIP2",
        "bzip2 -9, BZIP2",
        "xz -0, XZ",
        "xz -9, XZ",
        "lzma -0, LZMA",
        "lzma -9, LZMA",
        "zstd -1, ZSTD",
        "zstd -22, ZSTD"
    })
    void packsWithEachLevel(String value, Compression compression) throws IOException {
        assertEquals(compression, Packing.parse(value).compression());
        byte[] bytes = packed(value);
        assertEquals(compression, Compression.detect(Arrays.copyOf(bytes, Compression.HEAD_BYTES)));
        try (InputStream in = Compression.unpacked(new ByteArrayInputStream(bytes))) {
            assertArrayEquals(TEXT, in.readAllBytes());
        }
    }

    @ParameterizedTest
    @CsvSource({"gzip -1, gzip -9", "bzip2 -1, bzip2 -9", "xz -0, xz -6", "zstd -1, zstd -19"})
    void higherLevelsPackBetter(String quick, String small) throws IOException {
        assertTrue(packed(small).length < packed(quick).length);
    }

    @Test
    void aNameAloneIsTheCompressionItself() {
        assertEquals(Compression.XZ, Packing.parse("xz"));
        assertEquals(Compression.NONE, Packing.parse("none"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gzip -0",
                "gzip -10",
                "gzip 9",
                "gzip -x",
                "gzip --best",
                "gzip -9 -k",
                "gzip -9 file",
                "gzip -999999999999",
                "gzip -9\u0000",
                "gzip --9"
            })
    void saysWhichLevelsThereAre(String value) {
        assertEquals(
                "Invalid compression algorithm \""
                        + value
                        + "\": only a level may follow gzip, -1 to -9",
                refused(value));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "lz4", "GZIP", "gzip-9", "squashfs", "-9", "/bin/sh -c id"})
    void saysWhichCompressionsThereAre(String value) {
        assertEquals(
                "Invalid compression algorithm \""
                        + value
                        + "\": not one of none, gzip, bzip2, xz, lzma, zstd",
                refused(value));
    }

    @Test
    void nothingFollowsNone() {
        assertEquals(
                "Invalid compression algorithm \"none -1\": nothing may follow none",
                refused("none -1"));
    }

    private static String refused(String value) {
        return String.valueOf(
                assertThrows(InvalidConfigException.class, () -> Packing.parse(value))
                        .getMessage());
    }
}
