package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.BusyException;
import io.atoll.daemon.store.RecordKey;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class InstanceLocksTest {
    private static final RecordKey C1 = new RecordKey("default", "c1");
    private static final RecordKey C2 = new RecordKey("default", "c2");

    private final InstanceLocks locks = new InstanceLocks();

    @Test
    void othersWaitAndAreToldWhatGoesOn() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> holder =
                    executor.submit(() -> {
                        try (InstanceLocks.Held _ = locks.hold(C1, "start")) {
                            held.countDown();
                            done.await();
                        }
                        return null;
                    });
            held.await();
            Exception e =
                    assertThrows(BusyException.class, () -> locks.hold(C1, "stop", Duration.ZERO));
            assertEquals("Instance is busy running a \"start\" operation", e.getMessage());
            // Another instance is not concerned.
            locks.hold(C2, "stop", Duration.ZERO).close();
            done.countDown();
            holder.get();
        }
        locks.hold(C1, "stop", Duration.ZERO).close();
    }

    @Test
    void theHolderMayTakeItAgain() {
        try (InstanceLocks.Held _ = locks.hold(C1, "stop")) {
            locks.hold(C1, "delete", Duration.ZERO).close();
        }
    }
}
