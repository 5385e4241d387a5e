package io.atoll.daemon.http;

import java.net.InetAddress;
import java.util.List;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.WindowRateControl;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ProxyConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/// What is spoken on a network address: a PROXY header of known load balancers, TLS 1.3, and inside
/// of it HTTP/2 or HTTP/1.1 as the client negotiates by ALPN (RFC 7301); who negotiates nothing
/// speaks HTTP/1.1, and so does every websocket.
///
/// Apart from [ApiServer], so that none of it is loaded while there is only the unix socket. All of
/// it is open to strangers; what HTTP/2 lets them make the server keep is bounded here, see
/// docs/decisions/0088.
final class NetworkProtocols {
    /// Requests at a time on one connection. One more is refused by itself.
    static final int STREAMS_MAX = 32;

    /// Frames a second on one connection that ask for nothing and cost work: SETTINGS, PING,
    /// RST_STREAM, PRIORITY, empty ones, unknown ones, and streams that the server had to reset.
    /// The connection of who sends more is closed (CVE-2019-9511 and after, CVE-2023-44487,
    /// CVE-2025-5115).
    static final int IDLE_FRAMES_MAX = 128;

    /// Bytes of bodies on the way to one request and to one connection that nobody has read yet.
    static final int STREAM_WINDOW_BYTES = 256 << 10;

    static final int CONNECTION_WINDOW_BYTES = 512 << 10;

    /// Settings in one frame: a handful have a meaning.
    private static final int SETTINGS_MAX = 16;

    private NetworkProtocols() {}

    /// In the order of the layers, the first one first.
    static ConnectionFactory[] of(
            SSLContext tls,
            HttpConfiguration http,
            int inputBufferBytes,
            Predicate<InetAddress> isProxy) {
        SecureRequestCustomizer secure = new SecureRequestCustomizer();
        secure.setSniHostCheck(false);
        http.addCustomizer(secure);
        HttpConnectionFactory first = new HttpConnectionFactory(http);
        first.setInputBufferSize(inputBufferBytes);
        HTTP2ServerConnectionFactory second = second(http);
        // The names of RFC 7301, which are not those of Jetty: it says HTTP/1.1.
        ALPNServerConnectionFactory negotiation = new ALPNServerConnectionFactory("h2", "http/1.1");
        negotiation.setDefaultProtocol(first.getProtocol());
        SslConnectionFactory ssl = new SslConnectionFactory(tls(tls), negotiation.getProtocol());
        return List.of(
                        new TrustedProxies(ssl.getProtocol(), isProxy),
                        new ProxyConnectionFactory(ssl.getProtocol()),
                        ssl,
                        negotiation,
                        second,
                        first)
                .toArray(ConnectionFactory[]::new);
    }

    private static SslContextFactory.Server tls(SSLContext context) {
        SslContextFactory.Server out = new SslContextFactory.Server();
        out.setSslContext(context);
        out.setIncludeProtocols("TLSv1.3");
        // Asked for, not demanded: strangers may see public images and ask to be trusted.
        out.setWantClientAuth(true);
        out.setSniRequired(false);
        return out;
    }

    static HTTP2ServerConnectionFactory second(HttpConfiguration http) {
        HTTP2ServerConnectionFactory out = new HTTP2ServerConnectionFactory(http, "h2");
        out.setMaxConcurrentStreams(STREAMS_MAX);
        out.setRateControlFactory(new WindowRateControl.Factory(IDLE_FRAMES_MAX));
        out.setMaxSettingsKeys(SETTINGS_MAX);
        out.setInitialStreamRecvWindow(STREAM_WINDOW_BYTES);
        out.setInitialSessionRecvWindow(CONNECTION_WINDOW_BYTES);
        // Websockets over HTTP/2 (RFC 8441): clients that find them missing take a connection of
        // HTTP/1.1, and those of LXD know nothing else.
        out.setConnectProtocolEnabled(false);
        return out;
    }
}
