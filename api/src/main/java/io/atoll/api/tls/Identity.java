package io.atoll.api.tls;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A certificate and its private key: what a server or a client proves who it is with.
public record Identity(X509Certificate certificate, PrivateKey key) {
    /// How long a made certificate is valid. Trust is by fingerprint, so its end is only a
    /// nuisance.
    private static final Duration VALIDITY = Duration.ofDays(3650);

    /// Clocks of two hosts may differ by this much.
    private static final Duration SKEW = Duration.ofHours(24);

    private static final String CURVE = "secp384r1";

    /// What the certificate is for.
    public enum Purpose {
        SERVER,
        CLIENT;

        private KeyPurposeId usage() {
            return this == SERVER ? KeyPurposeId.id_kp_serverAuth : KeyPurposeId.id_kp_clientAuth;
        }
    }

    /// Makes a key on P-384 and signs its certificate with itself.
    ///
    /// @param commonName such as `root@host`
    /// @param hosts DNS names and addresses that a server answers to; may be empty for a client
    public static Identity selfSigned(Purpose purpose, String commonName, List<String> hosts) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(CURVE));
            KeyPair pair = generator.generateKeyPair();
            X509v3CertificateBuilder builder = builder(purpose, commonName, hosts, pair);
            X509Certificate certificate =
                    new JcaX509CertificateConverter()
                            .getCertificate(
                                    builder.build(
                                            new JcaContentSignerBuilder("SHA384withECDSA")
                                                    .build(pair.getPrivate())));
            return new Identity(certificate, pair.getPrivate());
        } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
            throw new InternalException("Cannot make a certificate: " + e.getMessage(), e);
        }
    }

    private static X509v3CertificateBuilder builder(
            Purpose purpose, String commonName, List<String> hosts, KeyPair pair)
            throws CertIOException {
        var name =
                new X500NameBuilder()
                        .addRDN(BCStyle.O, "Atoll")
                        .addRDN(BCStyle.CN, commonName)
                        .build();
        Instant now = Instant.now();
        X509v3CertificateBuilder builder =
                new JcaX509v3CertificateBuilder(
                        name,
                        new BigInteger(127, new SecureRandom()),
                        Date.from(now.minus(SKEW)),
                        Date.from(now.plus(VALIDITY)),
                        name,
                        pair.getPublic());
        builder.addExtension(
                Extension.keyUsage,
                true,
                new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
        builder.addExtension(
                Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose.usage()));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        if (!hosts.isEmpty()) {
            GeneralName[] names =
                    hosts.stream()
                            .map(h -> new GeneralName(kind(h), h))
                            .toArray(GeneralName[]::new);
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
        }
        return builder;
    }

    private static int kind(String host) {
        boolean isAddress = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
        return isAddress ? GeneralName.iPAddress : GeneralName.dNSName;
    }

    /// Reads the two files that [#save] wrote, or that LXD did.
    ///
    /// @throws InvalidConfigException naming the file that is damaged
    public static Identity load(Path certificate, Path key) throws IOException {
        try {
            return new Identity(
                    Pem.certificate(Files.readString(certificate)),
                    Pem.privateKey(Files.readString(key)));
        } catch (InvalidConfigException e) {
            throw new InvalidConfigException(
                    "Cannot use " + certificate + " and " + key + ": " + e.getMessage(), e);
        }
    }

    /// Writes both files, the key first and readable for its owner only, so that a certificate is
    /// never there without its key. Each file is replaced at once.
    public void save(Path certificateFile, Path keyFile) throws IOException {
        write(keyFile, Pem.render(key), "rw-------");
        write(certificateFile, Pem.render(certificate), "rw-r--r--");
    }

    private static void write(Path file, String text, String mode) throws IOException {
        Path half = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(half);
        FileAttribute<?> permissions =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode));
        Files.createFile(half, permissions);
        Files.writeString(half, text);
        Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    public String fingerprint() {
        return CertificateFingerprint.of(certificate);
    }
}
