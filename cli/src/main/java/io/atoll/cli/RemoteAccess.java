package io.atoll.cli;

import io.atoll.api.tls.Identity;
import io.atoll.api.tls.Pem;
import io.atoll.client.ServerTrust;
import io.atoll.client.TlsConnector;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Optional;

/// The user's keys to servers on the network, in LXD's files beside `config.yml`: `client.crt` and
/// `client.key` for this client, `servercerts/NAME.crt` for each server whose certificate the user
/// accepted, and `client.ca` where an authority signs them all.
public final class RemoteAccess {
    private static final int API_PORT = 8443;

    private final Path directory;

    RemoteAccess(Path directory) {
        this.directory = directory;
    }

    /// This client's certificate; empty if it has none yet.
    public Optional<Identity> identity() {
        if (!Files.exists(directory.resolve("client.crt"))) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    Identity.load(
                            directory.resolve("client.crt"), directory.resolve("client.key")));
        } catch (IOException e) {
            throw new CliException(
                    "cannot read the client certificate in " + directory + ": " + e.getMessage());
        }
    }

    /// Makes this client's certificate.
    public Identity makeIdentity(String name) {
        Identity fresh = Identity.selfSigned(Identity.Purpose.CLIENT, name, java.util.List.of());
        try {
            Files.createDirectories(directory);
            fresh.save(directory.resolve("client.crt"), directory.resolve("client.key"));
            return fresh;
        } catch (IOException e) {
            throw new CliException(
                    "cannot write the client certificate to " + directory + ": " + e.getMessage());
        }
    }

    /// The certificate that the user accepted for a remote.
    public Optional<X509Certificate> accepted(String remote) {
        Path file = serverFile(remote);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Pem.certificate(Files.readString(file)));
        } catch (IOException e) {
            throw new CliException("cannot read " + file + ": " + e.getMessage());
        }
    }

    /// Remembers that the user accepted a certificate for a remote.
    public void accept(String remote, X509Certificate certificate) {
        Path file = serverFile(remote);
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, Pem.render(certificate));
        } catch (IOException e) {
            throw new CliException("cannot write " + file + ": " + e.getMessage());
        }
    }

    /// Forgets it.
    public void forget(String remote) {
        try {
            Files.deleteIfExists(serverFile(remote));
        } catch (IOException e) {
            throw new CliException("cannot remove " + serverFile(remote) + ": " + e.getMessage());
        }
    }

    /// Keeps it under another name.
    public void rename(String remote, String newName) {
        accepted(remote)
                .ifPresent(certificate -> {
                    accept(newName, certificate);
                    forget(remote);
                });
    }

    private Path serverFile(String remote) {
        return directory.resolve("servercerts").resolve(remote + ".crt");
    }

    /// Connects to a remote as this client.
    public TlsConnector connector(Remote remote) {
        return connector(remote.address(), accepted(remote.name())).named(remote.name());
    }

    /// Connects to `https://HOST[:PORT]` as this client.
    ///
    /// @param accepted the server's certificate, if the user accepted one
    public TlsConnector connector(String address, Optional<X509Certificate> accepted) {
        URI uri;
        try {
            uri = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw new CliException("this is no address of a server: " + address);
        }
        if (uri.getHost() == null) {
            throw new CliException("this is no address of a server: " + address);
        }
        String host = uri.getHost();
        return new TlsConnector(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                uri.getPort() < 0 ? API_PORT : uri.getPort(),
                identity(),
                new ServerTrust(accepted));
    }
}
