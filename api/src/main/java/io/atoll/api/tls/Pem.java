package io.atoll.api.tls;

import io.atoll.base.InvalidConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.security.KeyFactory;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.CRLException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/// The text form of certificates and keys (RFC 7468), and of a bare certificate in base64, which is
/// how the API carries one.
public final class Pem {
    private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
    private static final String END = "-----END CERTIFICATE-----";

    private static final String BEGIN_KEY = "-----BEGIN PRIVATE KEY-----";
    private static final String END_KEY = "-----END PRIVATE KEY-----";
    private static final List<String> KEY_ALGORITHMS = List.of("EC", "RSA", "Ed25519");

    private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

    private Pem() {}

    /// Reads the first certificate of a text, with its armour or without.
    ///
    /// @throws InvalidConfigException if there is none
    public static X509Certificate certificate(String text) {
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        String base64 =
                begin < 0 || end < begin ? text : text.substring(begin + BEGIN.length(), end);
        try {
            byte[] der = Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
            return certificate(der);
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException("This is no certificate: not base64", e);
        }
    }

    /// Reads a certificate in its binary form.
    ///
    /// @throws InvalidConfigException if it is none
    public static X509Certificate certificate(byte[] der) {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw new InvalidConfigException("This is no certificate", e);
        }
    }

    /// Reads a list of revoked certificates, in text or binary form.
    ///
    /// @throws InvalidConfigException if it is none
    public static X509CRL revocations(byte[] file) {
        try {
            return (X509CRL)
                    CertificateFactory.getInstance("X.509")
                            .generateCRL(new ByteArrayInputStream(file));
        } catch (CertificateException | CRLException e) {
            throw new InvalidConfigException(
                    "This is no list of revoked certificates: " + e.getMessage(), e);
        }
    }

    /// Reads a private key: PKCS #8, or the older forms of EC and RSA keys that Go and OpenSSL
    /// write.
    ///
    /// @throws InvalidConfigException if it is none, or is encrypted
    public static PrivateKey privateKey(String text) {
        int begin = text.indexOf(BEGIN_KEY);
        int end = text.indexOf(END_KEY);
        if (begin >= 0 && end > begin) {
            return encodedKey(text.substring(begin + BEGIN_KEY.length(), end));
        }
        return foreignKey(text);
    }

    /// What [#render(PrivateKey)] wrote: the JDK reads it, and a cold command is spared a library.
    private static PrivateKey encodedKey(String base64) {
        try {
            byte[] der = Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
            PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(der);
            for (String algorithm : KEY_ALGORITHMS) {
                try {
                    return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
                } catch (InvalidKeySpecException _) {
                    // A key of another algorithm.
                }
            }
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + KEY_ALGORITHMS, e);
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException("This is no private key: not base64", e);
        }
        throw new InvalidConfigException(
                "This private key is of none of the kinds " + String.join(", ", KEY_ALGORITHMS));
    }

    private static PrivateKey foreignKey(String text) {
        try (PEMParser parser = new PEMParser(new StringReader(text))) {
            JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
            for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
                if (found instanceof PEMKeyPair pair) {
                    return converter.getPrivateKey(pair.getPrivateKeyInfo());
                }
                if (found instanceof PrivateKeyInfo info) {
                    return converter.getPrivateKey(info);
                }
            }
        } catch (PEMException e) {
            throw new InvalidConfigException("This is no private key: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new InvalidConfigException("This is no private key", e);
        }
        throw new InvalidConfigException(
                "There is no private key that could be read without" + " a password");
    }

    /// The certificate in text form, ending with a line break.
    public static String render(X509Certificate certificate) {
        return BEGIN + "\n" + LINES.encodeToString(der(certificate)) + "\n" + END + "\n";
    }

    /// The key in text form (PKCS #8), ending with a line break.
    public static String render(PrivateKey key) {
        return "-----BEGIN PRIVATE KEY-----\n"
                + LINES.encodeToString(key.getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
    }

    /// The certificate's binary form, in base64 without line breaks.
    public static String base64(X509Certificate certificate) {
        return Base64.getEncoder().encodeToString(der(certificate));
    }

    static byte[] der(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (CertificateEncodingException e) {
            throw new InvalidConfigException("This certificate cannot be encoded", e);
        }
    }
}
