package io.atoll.image;

import java.io.IOException;
import java.io.Writer;

/// Collects text up to a limit.
final class BoundedWriter extends Writer {
    private final StringBuilder text = new StringBuilder();
    private final int max;

    BoundedWriter(int max) {
        this.max = max;
    }

    @Override
    public void write(char[] chars, int offset, int length) throws IOException {
        if (text.length() + length > max) {
            throw new IOException("more than " + max + " characters of output");
        }
        text.append(chars, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}

    @Override
    public String toString() {
        return text.toString();
    }
}
