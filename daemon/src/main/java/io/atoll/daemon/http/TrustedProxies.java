package io.atoll.daemon.http;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Predicate;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.AbstractConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.ProxyConnectionFactory;

/// The first bytes of a network connection: load balancers that are known say there whom they speak
/// for, by HAProxy's PROXY protocol, version 1 or 2. Whoever is not known cannot: a false address
/// would get around the wait after wrong passwords and into the log.
final class TrustedProxies extends AbstractConnectionFactory {
    private final String next;
    private final Predicate<InetAddress> isProxy;

    /// In the list of a connector a [ProxyConnectionFactory] follows, and then what is below it.
    ///
    /// @param next the protocol below both: `SSL`
    /// @param isProxy asked for every connection
    TrustedProxies(String next, Predicate<InetAddress> isProxy) {
        super("trusted-proxy");
        this.next = next;
        this.isProxy = isProxy;
    }

    /// A known one may leave the header out, too: it checks in that way whether we live.
    @Override
    public Connection newConnection(Connector connector, EndPoint endPoint) {
        boolean isKnown =
                endPoint.getRemoteSocketAddress() instanceof InetSocketAddress peer
                        && isProxy.test(peer.getAddress());
        ConnectionFactory first =
                isKnown
                        ? connector.getConnectionFactory(ProxyConnectionFactory.class)
                        : connector.getConnectionFactory(next);
        return first.newConnection(connector, endPoint);
    }
}
