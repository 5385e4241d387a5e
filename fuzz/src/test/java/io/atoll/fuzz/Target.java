package io.atoll.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// A parser of bytes that strangers send. It takes them or refuses them with an exception that its
/// callers expect: `DomainException`, or `IOException` from a stream. Any other is a fault, and so
/// is an answer that takes for ever or all memory.
@FunctionalInterface
public interface Target {
    void take(byte[] input) throws IOException;

    /// Takes an input that is text.
    @FunctionalInterface
    interface Texts {
        void take(String input) throws IOException;
    }

    static Target ofTexts(Texts texts) {
        return input -> texts.take(new String(input, StandardCharsets.UTF_8));
    }
}
