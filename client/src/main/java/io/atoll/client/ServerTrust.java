package io.atoll.client;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Which servers a client believes: the one whose certificate the user accepted, whatever its name
/// and dates; else those that the host's authorities vouch for, under the name they were called by.
/// Remembers what it was shown, so that a user can be asked.
public final class ServerTrust extends X509ExtendedTrustManager {
    private final Optional<X509Certificate> accepted;
    private @Nullable X509Certificate shown;

    /// @param accepted the certificate that the user accepted for this server
    public ServerTrust(Optional<X509Certificate> accepted) {
        this.accepted = accepted;
    }

    /// What the server showed in the last handshake, believed or not.
    public synchronized Optional<X509Certificate> shown() {
        return Optional.ofNullable(shown);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        if (!isAccepted(chain)) {
            authorities().checkServerTrusted(chain, type, socket);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        if (!isAccepted(chain)) {
            authorities().checkServerTrusted(chain, type, engine);
        }
    }

    /// Without a socket the server's name cannot be checked: only the accepted one passes.
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        if (!isAccepted(chain)) {
            throw new CertificateException("the server's certificate was not accepted");
        }
    }

    private boolean isAccepted(X509Certificate[] chain) {
        synchronized (this) {
            shown = chain[0];
        }
        return accepted.filter(chain[0]::equals).isPresent();
    }

    private static X509ExtendedTrustManager authorities() throws CertificateException {
        try {
            TrustManagerFactory factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init((KeyStore) null);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager found) {
                    return found;
                }
            }
            throw new CertificateException("this JVM has no list of authorities");
        } catch (GeneralSecurityException e) {
            throw new CertificateException("cannot read the list of authorities", e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {
        throw new UnsupportedOperationException("this side is the client");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {
        throw new UnsupportedOperationException("this side is the client");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
        throw new UnsupportedOperationException("this side is the client");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
