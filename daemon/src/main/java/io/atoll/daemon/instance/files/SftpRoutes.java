package io.atoll.daemon.instance.files;

import io.atoll.base.BusyException;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Instances;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.Semaphore;

/// `/1.0/instances/NAME/sftp`: the connection becomes one of SFTP, without SSH around it.
public final class SftpRoutes implements Routes {
    /// How many clients may be connected at a time: each has a thread of its own.
    private static final int SESSIONS_MAX = 64;

    private static final Logger LOG = System.getLogger(SftpRoutes.class.getName());
    private static final String PROTOCOL = "sftp";

    private final Instances instances;
    private final Semaphore free = new Semaphore(SESSIONS_MAX);

    public SftpRoutes(Instances instances) {
        this.instances = instances;
    }

    @Override
    public List<Route> routes() {
        return Instances.both(
                "/{name}/sftp", p -> Route.get(p).needs(Right.OPERATE).run(this::connect));
    }

    private Response connect(Request request) {
        InstanceRecord instance = instances.of(request);
        if (!request.header("Upgrade").orElse("").equalsIgnoreCase(PROTOCOL)) {
            throw new InvalidConfigException("Missing or invalid upgrade header");
        }
        return Response.takeover(PROTOCOL, (in, out, end) -> serve(instance, in, out, end));
    }

    /// Ends before the instance's root goes or comes: what a client has open would keep it busy.
    private void serve(InstanceRecord instance, InputStream in, OutputStream out, Runnable end) {
        if (!free.tryAcquire()) {
            throw new BusyException("Too many clients of SFTP (maximum " + SESSIONS_MAX + ")");
        }
        try {
            instances.visit(
                    instance,
                    end,
                    () -> RootAccess.open(instances, instance),
                    root -> serve(root, in, out));
        } finally {
            free.release();
        }
    }

    private static void serve(RootAccess root, InputStream in, OutputStream out) {
        boolean _ =
                root.session(() -> {
                    try (root;
                            SftpSession session = new SftpSession(root, in, out)) {
                        session.run();
                    } catch (IOException e) {
                        // Nobody is left to be told.
                        LOG.log(Level.DEBUG, "sftp ended", e);
                    }
                    return true;
                });
    }
}
