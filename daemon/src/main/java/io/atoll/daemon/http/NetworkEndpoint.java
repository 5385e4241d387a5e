package io.atoll.daemon.http;

import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/// A network address that the server listens on until this is closed.
public final class NetworkEndpoint implements AutoCloseable {
    private final Server server;
    private final ServerConnector connector;

    NetworkEndpoint(Server server, ServerConnector connector) {
        this.server = server;
        this.connector = connector;
    }

    /// The port in use; the kernel's choice if 0 was asked for.
    public int port() {
        return connector.getLocalPort();
    }

    /// Stops listening and closes the connections that came this way.
    @Override
    public void close() {
        try {
            connector.stop();
        } catch (Exception e) {
            System.getLogger(NetworkEndpoint.class.getName())
                    .log(System.Logger.Level.WARNING, "stop listening on the network", e);
        } finally {
            server.removeConnector(connector);
        }
    }
}
