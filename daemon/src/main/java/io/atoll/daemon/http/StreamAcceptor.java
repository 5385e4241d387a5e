package io.atoll.daemon.http;

import java.io.InputStream;
import java.io.OutputStream;

/// Owns a connection that has stopped speaking HTTP.
@FunctionalInterface
public interface StreamAcceptor {
    /// The client was told; what it sends from now on is `in`. Runs on a virtual thread of its own;
    /// the connection is closed when this returns.
    ///
    /// @param end closes the connection at once; for other threads
    void opened(InputStream in, OutputStream out, Runnable end);
}
