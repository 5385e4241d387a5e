package io.atoll.daemon.instance;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.UeventSocket;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/// Hears from the kernel which devices come to the host and go, on a thread of its own that lives
/// as long as the daemon.
final class HostEvents {
    private static final Logger LOG = System.getLogger(HostEvents.class.getName());

    private final InstanceRunner runner;

    private HostEvents(InstanceRunner runner) {
        this.runner = runner;
    }

    /// Begins to listen. A kernel that tells nothing is fine: devices do not follow then.
    static void follow(InstanceRunner runner) {
        Thread.ofPlatform().daemon().name("uevents").start(new HostEvents(runner)::listen);
    }

    private void listen() {
        try (UeventSocket socket = UeventSocket.open()) {
            while (true) {
                next(socket);
            }
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "devices of the host are not followed", e);
        }
    }

    private void next(UeventSocket socket) {
        try {
            UeventSocket.Event event = socket.receive();
            String action = event.fact("ACTION");
            if (event.fact("SUBSYSTEM").equals("cpu")) {
                runner.cpusChanged();
            }
            boolean isDevice = !event.fact("DEVNAME").isEmpty();
            if (isDevice && (action.equals("add") || action.equals("remove"))) {
                runner.refreshDevices(event.message());
            }
        } catch (ErrnoException e) {
            // What was lost may have been of interest: look at everything.
            if (!e.is(Errno.ENOBUFS)) {
                throw e;
            }
            runner.refreshDevices(new byte[0]);
        }
    }
}
