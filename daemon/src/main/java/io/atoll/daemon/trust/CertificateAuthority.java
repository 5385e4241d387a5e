package io.atoll.daemon.trust;

import io.atoll.api.tls.Pem;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.Optional;

/// PKI mode: with `server.ca` in the state directory only certificates that it signed may connect,
/// unless `ca.crl` lists them as revoked. Both files are read for each new connection, so that a
/// revocation needs no restart.
final class CertificateAuthority {
    private static final Logger LOG = System.getLogger(CertificateAuthority.class.getName());

    private final Path authority;
    private final Path revocations;

    CertificateAuthority(Path state) {
        this.authority = state.resolve("server.ca");
        this.revocations = state.resolve("ca.crl");
    }

    /// Whether the server is in PKI mode.
    boolean isPresent() {
        return Files.exists(authority);
    }

    /// Whether the certificate is signed by the authority, valid now and not revoked. Nobody's is
    /// while one of the files is not what it should be.
    boolean vouchesFor(X509Certificate certificate) {
        try {
            X509Certificate signer = Pem.certificate(Files.readString(authority));
            certificate.verify(signer.getPublicKey());
            certificate.checkValidity();
            Optional<X509CRL> revoked = revoked(signer);
            return revoked.isEmpty() || !revoked.get().isRevoked(certificate);
        } catch (GeneralSecurityException e) {
            return false;
        } catch (InvalidConfigException e) {
            LOG.log(Level.WARNING, "authority of certificates is unusable: " + e.getMessage());
            return false;
        } catch (IOException e) {
            throw new UnavailableException("Cannot read " + authority, e);
        }
    }

    private Optional<X509CRL> revoked(X509Certificate signer)
            throws IOException, GeneralSecurityException {
        if (!Files.exists(revocations)) {
            return Optional.empty();
        }
        X509CRL list = Pem.revocations(Files.readAllBytes(revocations));
        list.verify(signer.getPublicKey());
        return Optional.of(list);
    }
}
