package io.atoll.daemon.trust;

import io.atoll.api.tls.CertificateFingerprint;
import io.atoll.base.NotFoundException;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.Callers;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The certificates that the server trusts, and what a peer may do who shows one.
public final class Trust implements Callers {
    /// A prefix of a fingerprint that names a certificate has at least one digit; LXD's rule.
    private static final String HEX = "[0-9a-f]+";

    private final Store store;
    private final CertificateAuthority authority;
    private final BooleanSupplier trustsAuthority;

    /// @param state where PKI mode finds its files
    /// @param trustsAuthority `core.trust_ca_certificates`: in PKI mode, whoever has a signed
    ///   certificate is trusted without being on the list
    public Trust(Store store, Path state, BooleanSupplier trustsAuthority) {
        this.store = store;
        this.authority = new CertificateAuthority(state);
        this.trustsAuthority = trustsAuthority;
    }

    @Override
    public Caller of(Optional<X509Certificate> certificate, String address) {
        if (certificate.isEmpty() || !isAcceptable(certificate.get())) {
            return Caller.stranger(address);
        }
        String fingerprint = CertificateFingerprint.of(certificate.get());
        Optional<TrustedCertificate> listed = find(fingerprint).map(Stored::value);
        if (listed.isEmpty()) {
            boolean isSigned = authority.isPresent() && trustsAuthority.getAsBoolean();
            return isSigned ? Caller.trusted(fingerprint, address) : Caller.stranger(address);
        }
        TrustedCertificate known = listed.get();
        return switch (known.type()) {
            case METRICS -> Caller.metrics(fingerprint, address);
            case CLIENT ->
                    known.restricted()
                            ? Caller.restricted(fingerprint, address, known.projectNames())
                            : Caller.trusted(fingerprint, address);
        };
    }

    /// In PKI mode what the authority did not sign is as good as no certificate.
    boolean isAcceptable(X509Certificate certificate) {
        return !authority.isPresent() || authority.vouchesFor(certificate);
    }

    Optional<Stored<TrustedCertificate>> find(String fingerprint) {
        return store.find(TrustedCertificate.KIND, RecordKey.global(fingerprint));
    }

    List<Stored<TrustedCertificate>> list() {
        return store.list(TrustedCertificate.KIND);
    }

    /// The certificate whose fingerprint starts so.
    ///
    /// @throws NotFoundException if none does, or more than one
    Stored<TrustedCertificate> get(String prefix) {
        List<Stored<TrustedCertificate>> found =
                prefix.matches(HEX)
                        ? list().stream().filter(c -> c.name().startsWith(prefix)).toList()
                        : List.of();
        if (found.size() != 1) {
            throw new NotFoundException(
                    found.isEmpty()
                            ? "Certificate not found"
                            : "More than one certificate matches " + prefix);
        }
        return found.getFirst();
    }
}
