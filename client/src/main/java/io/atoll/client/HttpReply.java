package io.atoll.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/// The answer to an [HttpRequest]. Its body has to be read to the end, or the reply closed, before
/// the connection can carry the next request.
///
/// @param headers names in lower case and values, alternating
/// @param body the decoded body; ends where the message ends
public record HttpReply(int status, List<String> headers, InputStream body)
        implements AutoCloseable {
    /// A reply that is kept in memory may not be longer than this.
    public static final int BUFFERED_MAX = 256 << 20;

    /// The first header of that name (lower case).
    public Optional<String> header(String name) {
        for (int i = 0; i < headers.size(); i += 2) {
            if (headers.get(i).equals(name)) {
                return Optional.of(headers.get(i + 1));
            }
        }
        return Optional.empty();
    }

    /// Reads the whole body.
    ///
    /// @throws IOException if the connection breaks or the body is longer than [#BUFFERED_MAX]
    public byte[] readAll() throws IOException {
        byte[] buffer = new byte[16 << 10];
        ByteArrayOutputStream out = new ByteArrayOutputStream(buffer.length);
        int n = body.read(buffer);
        while (n >= 0) {
            out.write(buffer, 0, n);
            if (out.size() > BUFFERED_MAX) {
                throw new IOException("answer is longer than " + BUFFERED_MAX + " bytes");
            }
            n = body.read(buffer);
        }
        return out.toByteArray();
    }

    @Override
    public void close() throws IOException {
        body.close();
    }
}
