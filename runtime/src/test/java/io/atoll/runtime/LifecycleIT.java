package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The life of a busybox container on the real kernel.
@Tag("privileged")
class LifecycleIT {
    private BusyboxHost host;

    @BeforeEach
    void open() {
        host = new BusyboxHost();
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void startsExecutesAndStops() {
        Container container = host.containers().start(host.spec("life"));
        assertEquals(ContainerState.RUNNING, container.state());
        assertEquals("atoll-runtime-life", host.run(container, "hostname"));
        assertEquals("1", host.run(container, "readlink /proc/self/ns/pid >/dev/null; echo 1"));
        assertTrue(container.stop(Duration.ofSeconds(10)));
        assertEquals(ContainerState.STOPPED, container.state());
        assertTrue(host.containers().find("atoll-runtime-life").isEmpty());
    }
}
