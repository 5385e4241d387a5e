package io.atoll.daemon.trust;

import java.math.BigInteger;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/// A certificate that goes over the wire as other bytes than it is made of.
final class BentCertificate extends X509Certificate {
    private static final long serialVersionUID = 1;

    private final X509Certificate straight;
    private final byte[] bytes;

    BentCertificate(X509Certificate straight, byte[] bytes) {
        this.straight = straight;
        this.bytes = bytes;
    }

    /// Who shows it in every handshake.
    X509ExtendedKeyManager shownWith(PrivateKey key) {
        return new X509ExtendedKeyManager() {
            @Override
            public String[] getClientAliases(String type, Principal[] issuers) {
                return new String[] {"self"};
            }

            @Override
            public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
                return "self";
            }

            @Override
            public String chooseEngineClientAlias(
                    String[] types, Principal[] issuers, SSLEngine engine) {
                return "self";
            }

            @Override
            public String[] getServerAliases(String type, Principal[] issuers) {
                return new String[0];
            }

            @Override
            public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
                return null;
            }

            @Override
            public X509Certificate[] getCertificateChain(String alias) {
                return new X509Certificate[] {BentCertificate.this};
            }

            @Override
            public PrivateKey getPrivateKey(String alias) {
                return key;
            }
        };
    }

    @Override
    public byte[] getEncoded() throws CertificateEncodingException {
        return bytes.clone();
    }

    @Override
    public void checkValidity()
            throws CertificateExpiredException, CertificateNotYetValidException {}

    @Override
    public void checkValidity(Date date)
            throws CertificateExpiredException, CertificateNotYetValidException {}

    @Override
    public int getVersion() {
        return straight.getVersion();
    }

    @Override
    public BigInteger getSerialNumber() {
        return straight.getSerialNumber();
    }

    @Override
    @SuppressWarnings("deprecation")
    public Principal getIssuerDN() {
        return straight.getIssuerDN();
    }

    @Override
    @SuppressWarnings("deprecation")
    public Principal getSubjectDN() {
        return straight.getSubjectDN();
    }

    @Override
    public Date getNotBefore() {
        return straight.getNotBefore();
    }

    @Override
    public Date getNotAfter() {
        return straight.getNotAfter();
    }

    @Override
    public byte[] getTBSCertificate() throws CertificateEncodingException {
        return straight.getTBSCertificate();
    }

    @Override
    public byte[] getSignature() {
        return straight.getSignature();
    }

    @Override
    public String getSigAlgName() {
        return straight.getSigAlgName();
    }

    @Override
    public String getSigAlgOID() {
        return straight.getSigAlgOID();
    }

    @Override
    public byte[] getSigAlgParams() {
        return straight.getSigAlgParams();
    }

    @Override
    public boolean[] getIssuerUniqueID() {
        return straight.getIssuerUniqueID();
    }

    @Override
    public boolean[] getSubjectUniqueID() {
        return straight.getSubjectUniqueID();
    }

    @Override
    public boolean[] getKeyUsage() {
        return straight.getKeyUsage();
    }

    @Override
    public int getBasicConstraints() {
        return straight.getBasicConstraints();
    }

    @Override
    public void verify(PublicKey key) throws CertificateException {}

    @Override
    public void verify(PublicKey key, String provider) throws CertificateException {}

    @Override
    public String toString() {
        return straight.toString();
    }

    @Override
    public PublicKey getPublicKey() {
        return straight.getPublicKey();
    }

    @Override
    public boolean hasUnsupportedCriticalExtension() {
        return false;
    }

    @Override
    public Set<String> getCriticalExtensionOIDs() {
        return straight.getCriticalExtensionOIDs();
    }

    @Override
    public Set<String> getNonCriticalExtensionOIDs() {
        return straight.getNonCriticalExtensionOIDs();
    }

    @Override
    public byte[] getExtensionValue(String oid) {
        return straight.getExtensionValue(oid);
    }
}
