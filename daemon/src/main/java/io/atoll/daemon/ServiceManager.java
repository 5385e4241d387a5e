package io.atoll.daemon;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.UnixSockets;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/// Whoever supervises the daemon and wants to know when it is up; sd_notify(3).
final class ServiceManager {
    private static final System.Logger LOG = System.getLogger(ServiceManager.class.getName());

    private ServiceManager() {}

    /// Says that the daemon answers. A supervisor that does not listen is only logged.
    ///
    /// @param socket what `NOTIFY_SOCKET` says; names that are not paths belong to other protocols
    ///   or to supervisors of containers and are left alone
    static void tellReady(Optional<String> socket) {
        socket.filter(name -> name.startsWith("/"))
                .ifPresent(name -> send(Path.of(name), "READY=1\n"));
    }

    private static void send(Path socket, String message) {
        try (Fd connection = UnixSockets.connect(UnixSockets.Type.DATAGRAM, socket)) {
            UnixSockets.send(connection, message.getBytes(StandardCharsets.UTF_8));
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "cannot tell the service manager socket=" + socket, e);
        }
    }
}
