package io.atoll.warm;

import io.atoll.base.InvalidConfigException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a caller wants done: the program's name, its words, environment and working directory. The
/// bytes are those of `launcher/warm.c`.
record Request(String program, List<String> args, Map<String, String> env, Path cwd) {
    /// Longer than the kernel lets words and environment of a process be.
    static final int BYTES_MAX = 16 << 20;

    private static final int HEADER_BYTES = 8;

    Request {
        args = List.copyOf(args);
        env = Collections.unmodifiableMap(new TreeMap<>(env));
    }

    /// Reads the numbers of words and variables, then directory, program, words and variables, each
    /// ended by a NUL.
    ///
    /// @throws InvalidConfigException if it is anything else
    static Request decode(byte[] body) {
        if (body.length < HEADER_BYTES) {
            throw new InvalidConfigException("request is cut off");
        }
        ByteBuffer header = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
        int words = header.getInt();
        int variables = header.getInt();
        List<String> texts = texts(body);
        if (words < 0 || variables < 0 || texts.size() != 2L + words + variables) {
            throw new InvalidConfigException("request does not hold what it says");
        }
        Map<String, String> env = new TreeMap<>();
        for (String variable : texts.subList(2 + words, texts.size())) {
            int equals = variable.indexOf('=');
            // Without one it is no variable; of two with a name the first counts, as in getenv(3).
            if (equals > 0) {
                env.putIfAbsent(variable.substring(0, equals), variable.substring(equals + 1));
            }
        }
        Path cwd = Path.of(texts.getFirst());
        if (!cwd.isAbsolute()) {
            throw new InvalidConfigException("working directory is not absolute: " + cwd);
        }
        return new Request(texts.get(1), texts.subList(2, 2 + words), env, cwd);
    }

    private static List<String> texts(byte[] body) {
        List<String> texts = new ArrayList<>();
        int start = HEADER_BYTES;
        for (int at = HEADER_BYTES; at < body.length; at++) {
            if (body[at] == 0) {
                texts.add(new String(body, start, at - start, StandardCharsets.UTF_8));
                start = at + 1;
            }
        }
        if (start != body.length) {
            throw new InvalidConfigException("request is cut off");
        }
        return texts;
    }
}
