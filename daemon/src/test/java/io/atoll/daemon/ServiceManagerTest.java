package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.linux.Fd;
import io.atoll.linux.UnixSockets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServiceManagerTest {
    @TempDir Path directory;

    @Test
    void isToldOnce() {
        Path socket = directory.resolve("notify");
        try (Fd manager = UnixSockets.bind(UnixSockets.Type.DATAGRAM, socket)) {
            ServiceManager.tellReady(Optional.of(socket.toString()));
            try (UnixSockets.Message message = UnixSockets.receive(manager, 100, 0)) {
                assertEquals("READY=1\n", new String(message.data(), StandardCharsets.UTF_8));
            }
        }
    }

    @Test
    void mayBeAbsentDeafOrElsewhere() {
        ServiceManager.tellReady(Optional.empty());
        ServiceManager.tellReady(Optional.of(directory.resolve("nobody").toString()));
        ServiceManager.tellReady(Optional.of("@abstract"));
        ServiceManager.tellReady(Optional.of("vsock-dgram:2:1"));
    }
}
