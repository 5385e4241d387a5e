package io.atoll.daemon.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// An API server with the given routes on a socket in a fresh folder.
public final class TestServer implements AutoCloseable {
    private final Path folder;
    private final ApiServer server;
    private final Availability availability = new Availability();

    public TestServer(Routes... parts) throws IOException {
        folder = Files.createTempDirectory("atoll-daemon-test-");
        server =
                new ApiServer(
                        socket(),
                        false,
                        new RouteTable(List.of(parts)),
                        availability,
                        Gate.OPEN,
                        CrossOrigin.NONE);
        server.start();
        availability.enter(Availability.Phase.READY);
    }

    public Path socket() {
        return folder.resolve("unix.socket");
    }

    /// The server itself, to have it listen elsewhere too.
    ApiServer server() {
        return server;
    }

    public Availability availability() {
        return availability;
    }

    public TestClient client() throws IOException {
        return new TestClient(socket());
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(socket());
        Files.delete(folder);
    }
}
