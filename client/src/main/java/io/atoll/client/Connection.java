package io.atoll.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/// A two-way byte stream to a server. Reading and writing may happen on two threads at once; both
/// may block, so use platform threads where the streams are raw descriptors. Whoever opened it
/// closes it.
public record Connection(InputStream in, OutputStream out) implements AutoCloseable {
    /// Closes both directions; closing twice does nothing.
    @Override
    public void close() {
        try (in;
                out) {
            out.flush();
        } catch (IOException _) {
            // The peer is gone already, which is all that closing wants to reach.
        }
    }
}
