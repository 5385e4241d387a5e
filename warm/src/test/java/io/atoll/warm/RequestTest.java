package io.atoll.warm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.InvalidConfigException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class RequestTest {
    private static byte[] body(int words, int variables, String... texts) {
        byte[] all = (String.join("\0", texts) + "\0").getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + all.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(words)
                .putInt(variables)
                .put(all)
                .array();
    }

    @Test
    void decodesWordsAndVariables() {
        Request request =
                Request.decode(body(2, 3, "/tmp", "lxc-ls", "-1", "", "A=1", "B=x=y", "nothing"));
        assertEquals(
                new Request(
                        "lxc-ls", List.of("-1", ""), Map.of("A", "1", "B", "x=y"), Path.of("/tmp")),
                request);
    }

    @Test
    void takesTheFirstOfTwoVariablesWithAName() {
        assertEquals(
                Map.of("A", "1"), Request.decode(body(0, 2, "/", "atoll", "A=1", "A=2")).env());
    }

    @Test
    void refusesWhatDoesNotAddUp() {
        List<byte[]> wrong =
                List.of(
                        new byte[0],
                        new byte[8],
                        body(1, 0, "/", "atoll"),
                        body(0, 0, "/", "atoll", "more"),
                        body(-1, 1, "/", "atoll"),
                        body(Integer.MAX_VALUE, Integer.MAX_VALUE, "/", "atoll"),
                        body(0, 0, "here", "atoll"));
        for (byte[] each : wrong) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> Request.decode(each),
                    () -> Arrays.toString(each));
        }
        byte[] cut = body(0, 0, "/", "atoll");
        assertThrows(
                InvalidConfigException.class,
                () -> Request.decode(Arrays.copyOf(cut, cut.length - 1)));
    }

    @Test
    void anyBytesEitherDecodeOrAreRefused() {
        long seed = 20261121;
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = body(random.nextInt(4), random.nextInt(4), "/", "a", "b=c", "d");
            for (int change = random.nextInt(6); change > 0; change--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                Request unused = Request.decode(bytes);
            } catch (InvalidConfigException | InvalidPathException _) {
                continue; // refused
            }
        }
    }
}
