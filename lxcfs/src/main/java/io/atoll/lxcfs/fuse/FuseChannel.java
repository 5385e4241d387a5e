package io.atoll.lxcfs.fuse;

import java.nio.ByteBuffer;

/// One descriptor of /dev/fuse: requests come out, answers go in. Each server thread has its own.
public interface FuseChannel {
    /// Reads one request into a direct buffer from its start. Blocks; call on a platform thread.
    ///
    /// @return the request's length, or -1 once the file system is unmounted
    int read(ByteBuffer buffer);

    /// Answers one request with the buffer's bytes from 0 to `length`. An answer to an interrupted
    /// request is dropped.
    void write(ByteBuffer buffer, int length);
}
