package io.atoll.api.tls;

import io.atoll.base.InternalException;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/// TLS contexts out of an [Identity] and a decision about the peer.
public final class TlsContexts {
    private TlsContexts() {}

    /// A context that shows the identity and leaves the peer's certificate to the trust manager.
    ///
    /// @param identity empty for a client that stays anonymous
    public static SSLContext of(Optional<Identity> identity, X509TrustManager trust) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            char[] none = {};
            store.load(null, none);
            if (identity.isPresent()) {
                store.setKeyEntry(
                        "self",
                        identity.get().key(),
                        none,
                        new Certificate[] {identity.get().certificate()});
            }
            KeyManagerFactory keys =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, none);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), new TrustManager[] {trust}, null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new InternalException("Cannot set up TLS: " + e.getMessage(), e);
        }
    }
}
