package io.atoll.daemon.http;

import java.security.cert.X509Certificate;
import java.util.Optional;

/// Tells who a peer on the network is. Asked for every request, so that a certificate that was just
/// removed is worth nothing on open connections either.
@FunctionalInterface
public interface Callers {
    /// @param certificate what the peer has proved to own; empty if it showed none
    /// @param address `HOST:PORT` of the peer
    Caller of(Optional<X509Certificate> certificate, String address);
}
