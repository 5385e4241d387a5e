package io.atoll.daemon.http;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/// How long the peer of a request may be silent: only while something is expected of it, the rest
/// of a body or that it takes the answer. While it waits for us, which may be hours, it is not.
///
/// A connection of HTTP/1.1 does so by itself. A stream of HTTP/2 has a timer of its own that Jetty
/// lets a handler overrule once and no more, so it is stopped and started here.
final class PeerPatience {
    private static final String ATTRIBUTE = PeerPatience.class.getName();
    private static final PeerPatience OF_THE_CONNECTION = new PeerPatience(null);

    private final @Nullable HttpStream stream;
    private final long limitMillis;

    private PeerPatience(@Nullable HttpStream stream) {
        this.stream = stream;
        this.limitMillis = stream == null ? 0 : stream.getIdleTimeout();
    }

    /// That of a request. At first something is expected.
    static PeerPatience of(Request request) {
        if (request.getConnectionMetaData().getHttpVersion() != HttpVersion.HTTP_2) {
            return OF_THE_CONNECTION;
        }
        if (request.getAttribute(ATTRIBUTE) instanceof PeerPatience known) {
            return known;
        }
        @Nullable HttpStream[] found = new HttpStream[1];
        request.addHttpStreamWrapper(stream -> {
            found[0] = stream;
            return stream;
        });
        PeerPatience out = new PeerPatience(found[0]);
        request.setAttribute(ATTRIBUTE, out);
        return out;
    }

    /// Nothing is expected of the peer from now on.
    void pause() {
        if (stream != null) {
            stream.setIdleTimeout(-1);
        }
    }

    /// Something is.
    void resume() {
        if (stream != null) {
            stream.setIdleTimeout(limitMillis);
        }
    }

    /// The request's body, while the peer's silence does not count otherwise.
    InputStream reading(InputStream body) {
        return stream == null ? body : new Reading(body);
    }

    /// The answer's body, while the peer's silence does not count otherwise.
    OutputStream writing(OutputStream body) {
        return stream == null ? body : new Writing(body);
    }

    private final class Reading extends FilterInputStream {
        private Reading(InputStream body) {
            super(body);
        }

        @Override
        public int read() throws IOException {
            resume();
            try {
                return in.read();
            } finally {
                pause();
            }
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            resume();
            try {
                return in.read(into, offset, length);
            } finally {
                pause();
            }
        }
    }

    private final class Writing extends FilterOutputStream {
        private Writing(OutputStream body) {
            super(body);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            resume();
            try {
                out.write(from, offset, length);
            } finally {
                pause();
            }
        }

        @Override
        public void flush() throws IOException {
            resume();
            try {
                out.flush();
            } finally {
                pause();
            }
        }

        @Override
        public void close() throws IOException {
            resume();
            super.close();
        }
    }
}
