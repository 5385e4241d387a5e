package io.atoll.daemon.devlxd;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/// What is said inside an instance to `/dev/lxd/sock`.
public final class GuestTargets {
    private GuestTargets() {}

    /// One request after the other on a connection.
    public static void request(byte[] input) throws IOException {
        InputStream in = new ByteArrayInputStream(input);
        Optional<GuestRequest> request = GuestRequest.read(in);
        while (request.isPresent()) {
            boolean _ = request.get().wantsWebSocket();
            request = GuestRequest.read(in);
        }
    }
}
