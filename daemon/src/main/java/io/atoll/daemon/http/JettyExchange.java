package io.atoll.daemon.http;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.cert.X509Certificate;
import java.util.Optional;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;

/// A Jetty request behind our interface.
final class JettyExchange implements HttpExchange {
    private final org.eclipse.jetty.server.Request request;
    private final HttpMethod method;
    private final String path;
    private @Nullable Fields query;

    JettyExchange(org.eclipse.jetty.server.Request request, HttpMethod method) {
        this.request = request;
        this.method = method;
        String raw = request.getHttpURI().getPath();
        this.path = raw == null ? "/" : raw;
    }

    @Override
    public HttpMethod method() {
        return method;
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public Optional<String> query(String name) {
        Fields fields = query;
        if (fields == null) {
            fields = org.eclipse.jetty.server.Request.extractQueryParameters(request);
            query = fields;
        }
        return Optional.ofNullable(fields.getValue(name));
    }

    @Override
    public Optional<String> header(String name) {
        return Optional.ofNullable(request.getHeaders().get(name));
    }

    @Override
    public Optional<X509Certificate> certificate() {
        EndPoint.SslSessionData session =
                request.getConnectionMetaData().getConnection().getEndPoint().getSslSessionData();
        X509Certificate[] chain = session == null ? null : session.peerCertificates();
        return chain == null || chain.length == 0 ? Optional.empty() : Optional.of(chain[0]);
    }

    /// Whatever goes wrong while it is read is its sender's doing.
    private static final class Body extends FilterInputStream {
        private Body(InputStream body) {
            super(body);
        }

        @Override
        public int read() throws IOException {
            try {
                return in.read();
            } catch (IOException | HttpException.RuntimeException e) {
                throw new BrokenBodyException(e);
            }
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            try {
                return in.read(into, offset, length);
            } catch (IOException | HttpException.RuntimeException e) {
                throw new BrokenBodyException(e);
            }
        }
    }

    @Override
    public InputStream body() {
        return new Body(PeerPatience.of(request).reading(Content.Source.asInputStream(request)));
    }
}
