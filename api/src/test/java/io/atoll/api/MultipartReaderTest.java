package io.atoll.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class MultipartReaderTest {
    private static MultipartReader reader(byte[] body, String boundary) throws IOException {
        // One byte at a time: borders of reads must not matter.
        InputStream slow =
                new FilterInputStream(new ByteArrayInputStream(body)) {
                    @Override
                    public int read(byte[] bytes, int offset, int length) throws IOException {
                        return super.read(bytes, offset, Math.min(length, 1));
                    }
                };
        return new MultipartReader(slow, "multipart/form-data; " + boundary);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] part(MultipartReader reader) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        reader.copyTo(out);
        return out.toByteArray();
    }

    @Test
    void readsPartsWithAndWithoutQuotes() throws Exception {
        String body =
                "--b\r\nContent-Disposition: form-data; name=metadata; filename=x\r\n\r\none\r\n"
                        + "--b\r\ncontent-disposition: form-data; filename=\"y\"; name=\"rootfs\"\r\nX: y\r\n\r\n"
                        + "two\r\n--b--\r\n";
        for (String boundary : new String[] {"boundary=b", "boundary=\"b\""}) {
            MultipartReader reader = reader(bytes(body), boundary);
            assertEquals("metadata", reader.next().orElseThrow());
            assertEquals("x", reader.fileName());
            assertEquals("one", new String(part(reader), StandardCharsets.UTF_8));
            assertEquals("rootfs", reader.next().orElseThrow());
            assertEquals("two", new String(part(reader), StandardCharsets.UTF_8));
            assertTrue(reader.next().isEmpty());
        }
    }

    @Test
    void keepsContentThatLooksLikeTheBeginningOfADelimiter() throws Exception {
        long seed = 11;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            StringBuilder content = new StringBuilder();
            for (int i = random.nextInt(300); i > 0; i--) {
                content.append("\r\n-ab".charAt(random.nextInt(5)));
            }
            if (content.indexOf("\r\n--aab") >= 0) {
                continue;
            }
            byte[] body =
                    bytes(
                            "--aab\r\nContent-Disposition: form-data; name=m\r\n\r\n"
                                    + content
                                    + "\r\n--aab--\r\n");
            MultipartReader reader = reader(body, "boundary=aab");
            reader.next();
            assertArrayEquals(
                    bytes(content.toString()), part(reader), "seed " + seed + " round " + round);
            assertTrue(reader.next().isEmpty());
        }
    }

    @Test
    void refusesABodyThatEndsEarly() throws Exception {
        MultipartReader reader =
                reader(
                        bytes("--b\r\nContent-Disposition: form-data; name=m\r\n\r\nabc"),
                        "boundary=b");
        reader.next();
        assertThrows(InvalidConfigException.class, () -> part(reader));
        assertThrows(InvalidConfigException.class, () -> reader(bytes("nothing"), "boundary=b"));
        assertThrows(InvalidConfigException.class, () -> reader(bytes("--b--"), "no"));
    }
}
