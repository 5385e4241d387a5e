package io.atoll.daemon.trust;

import io.atoll.api.tls.Identity;
import io.atoll.base.UnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// The server's own certificate: `server.crt` and `server.key` in the state directory, made when
/// first asked for and never again, because clients know the server by its fingerprint.
public final class ServerIdentity {
    private final Path certificate;
    private final Path key;
    private final ReentrantLock lock = new ReentrantLock();
    private Optional<Identity> known = Optional.empty();

    public ServerIdentity(Path state) {
        this.certificate = state.resolve("server.crt");
        this.key = state.resolve("server.key");
    }

    /// The certificate, if this server has had a reason to make one.
    public Optional<Identity> find() {
        lock.lock();
        try {
            if (known.isEmpty() && Files.exists(certificate)) {
                known = Optional.of(Identity.load(certificate, key));
            }
            return known;
        } catch (IOException e) {
            throw new UnavailableException("Cannot read " + certificate, e);
        } finally {
            lock.unlock();
        }
    }

    /// The certificate; made now if there is none. Making one takes some milliseconds.
    public Identity get() {
        lock.lock();
        try {
            Optional<Identity> there = find();
            if (there.isPresent()) {
                return there.get();
            }
            String host = hostName();
            Identity fresh =
                    Identity.selfSigned(
                            Identity.Purpose.SERVER,
                            "root@" + host,
                            List.of(host, "127.0.0.1", "::1"));
            fresh.save(certificate, key);
            known = Optional.of(fresh);
            return fresh;
        } catch (IOException e) {
            throw new UnavailableException("Cannot write " + certificate + " and " + key, e);
        } finally {
            lock.unlock();
        }
    }

    private static String hostName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            try {
                return InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException unknown) {
                return "localhost";
            }
        }
    }
}
