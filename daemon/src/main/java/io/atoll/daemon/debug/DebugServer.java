package io.atoll.daemon.debug;

import io.atoll.base.BusyException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.net.IpNetwork;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/// Serves [DebugPages] over plain HTTP, to whoever asks, until it is closed. A server of its own,
/// so that it answers while the one of the API does not.
public final class DebugServer implements AutoCloseable {
    private static final Logger LOG = System.getLogger(DebugServer.class.getName());
    private static final int THREADS_MAX = 6;
    private static final int THREADS_MIN = 2;
    private static final int CONNECTIONS_MAX = 16;
    private static final Duration SILENCE = Duration.ofSeconds(30);
    private static final HttpField TEXT =
            new HttpField(HttpHeader.CONTENT_TYPE, "text/plain;charset=utf-8");

    private final Server server;
    private final ServerConnector connector;
    private final DebugPages pages;

    private DebugServer(InetSocketAddress address, DebugPages pages) {
        this.pages = pages;
        QueuedThreadPool threads = new QueuedThreadPool(THREADS_MAX, THREADS_MIN);
        threads.setName("debug-http");
        threads.setReservedThreads(0);
        threads.setVirtualThreadsExecutor(
                Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("debug-request-", 0).factory()));
        server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setHost(address.getAddress().getHostAddress());
        connector.setPort(address.getPort());
        connector.setIdleTimeout(SILENCE.toMillis());
        connector.addBean(new NetworkConnectionLimit(CONNECTIONS_MAX, connector));
        server.addConnector(connector);
        server.setHandler(new Answers());
    }

    /// @param address port 0 means any free port
    /// @param pages closed with the server
    /// @throws UnavailableException if the address cannot be had
    public static DebugServer listen(InetSocketAddress address, DebugPages pages) {
        DebugServer out = new DebugServer(address, pages);
        try {
            out.server.start();
        } catch (Exception e) {
            UnavailableException failure =
                    new UnavailableException(
                            "Cannot listen on " + address + ": " + rootMessage(e), e);
            try {
                out.server.stop();
            } catch (Exception stop) {
                failure.addSuppressed(stop);
            }
            throw failure;
        }
        return out;
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }

    /// The port that it has.
    public int port() {
        return connector.getLocalPort();
    }

    /// Stops listening, and ends what is asked at the moment.
    @Override
    public void close() {
        pages.close();
        try {
            server.stop();
        } catch (Exception e) {
            LOG.log(Level.WARNING, "stop the debug server", e);
        }
    }

    private final class Answers extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            response.getHeaders().put("X-Content-Type-Options", "nosniff");
            response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
            try {
                answer(request, response, callback);
            } catch (InvalidConfigException e) {
                refuse(response, callback, 400, e);
            } catch (NotFoundException e) {
                refuse(response, callback, 404, e);
            } catch (BusyException e) {
                refuse(response, callback, 409, e);
            } catch (IOException | RuntimeException e) {
                // The edge of the request's thread; what has begun can only be cut off.
                LOG.log(Level.WARNING, "a debug page failed", e);
                if (response.isCommitted()) {
                    callback.failed(e);
                } else {
                    refuse(response, callback, 500, e);
                }
            }
            return true;
        }

        private void answer(Request request, Response response, Callback callback)
                throws IOException {
            boolean hasBody = request.getMethod().equals("GET");
            if (!hasBody && !request.getMethod().equals("HEAD")) {
                say(response, callback, 405, "Only GET is possible here");
                return;
            }
            if (!isAddress(Request.getServerName(request))) {
                // A page of a browser that had its own name lead here would read along.
                say(response, callback, 403, "Ask for a numeric address or for localhost");
                return;
            }
            Fields query = Request.extractQueryParameters(request);
            DebugPage page = pages.find(Request.getPathInContext(request));
            DebugPage.Content content =
                    page.show(name -> Optional.ofNullable(query.getValue(name)));
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, content.type());
            if (!content.fileName().isEmpty()) {
                response.getHeaders()
                        .put(
                                HttpHeader.CONTENT_DISPOSITION,
                                "attachment; filename=" + content.fileName());
            }
            try (content) {
                if (hasBody) {
                    try (OutputStream out = Content.Sink.asOutputStream(response)) {
                        content.writeTo(out);
                    }
                }
            }
            callback.succeeded();
        }

        private static boolean isAddress(String host) {
            String bare =
                    host.startsWith("[") && host.endsWith("]")
                            ? host.substring(1, host.length() - 1)
                            : host;
            return bare.equals("localhost") || IpNetwork.parseAddress(bare).isPresent();
        }

        private static void refuse(
                Response response, Callback callback, int status, Exception reason) {
            say(response, callback, status, String.valueOf(reason.getMessage()));
        }

        private static void say(Response response, Callback callback, int status, String text) {
            byte[] body = (text + "\n").getBytes(StandardCharsets.UTF_8);
            response.setStatus(status);
            response.getHeaders().put(TEXT);
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
            response.write(true, BufferUtil.toBuffer(body), callback);
        }
    }
}
