package io.atoll.base;

import java.io.IOException;
import java.io.InputStream;

/// A stream whose source gives blocks: a single byte is read as a block of one.
public abstract class BlockInputStream extends InputStream {
    @Override
    public final int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    /// As the method it replaces: never 0 for a length above 0, and -1 at the end.
    @Override
    public abstract int read(byte[] into, int offset, int length) throws IOException;
}
