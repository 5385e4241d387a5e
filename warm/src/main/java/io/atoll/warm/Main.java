package io.atoll.warm;

import io.atoll.linux.Fd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// The warm process, as `launcher/warm.c` starts it: descriptor 3 is the directory of its socket,
/// `ATOLL_WARM_NAME` the socket's name in it, and descriptor 4 a lock that it holds while it lives.
public final class Main {
    private static final int IDLE_SECONDS = 60;
    private static final int LOCK = 4;

    private Main() {}

    public static void main(String[] args) throws IOException {
        serve(Programs.installed(System.getProperty("atoll.home", "")));
    }

    static void serve(Programs programs) throws IOException {
        Path directory = Path.of("/proc/self/fd/3").toRealPath();
        Path socket = directory.resolve(System.getenv("ATOLL_WARM_NAME"));
        Duration idle =
                Duration.ofSeconds(Integer.getInteger("atoll.warm.idle.seconds", IDLE_SECONDS));
        new WarmServer(socket, Fd.own(LOCK, "lock"), idle, programs).serve();
        // Also if a command is stuck, or has left a thread behind.
        System.exit(0);
    }
}
