package io.atoll.api.tls;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/// The name that clients and servers know a certificate by: SHA-256 of its binary form in
/// lower-case hexadecimal digits.
public final class CertificateFingerprint {
    private CertificateFingerprint() {}

    /// 64 digits.
    public static String of(X509Certificate certificate) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(Pem.der(certificate)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
