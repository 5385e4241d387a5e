package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.daemon.store.RecordKey;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DeparturesTest {
    private static final RecordKey WEB = new RecordKey("default", "web");
    private static final RecordKey OTHER = new RecordKey("default", "other");
    private static final Duration LONG = Duration.ofSeconds(50);

    private final Departures departures = new Departures();

    @Test
    void nobodyWaitsForASlowCloseButAStartOfTheSameInstance() throws Exception {
        CountDownLatch kernel = new CountDownLatch(1);
        AtomicBoolean isGone = new AtomicBoolean();
        Departures.Hold hold =
                departures.hold(
                        WEB,
                        () -> {
                            kernel.await();
                            isGone.set(true);
                        });
        hold.close();
        departures.await(OTHER, LONG);
        assertFalse(isGone.get());
        Thread start =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                departures.await(WEB, LONG);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        kernel.countDown();
        start.join();
        assertTrue(isGone.get());
    }

    @Test
    void aStartWaitsForWhatIsStillHeld() throws Exception {
        AtomicBoolean isGone = new AtomicBoolean();
        Departures.Hold hold = departures.hold(WEB, () -> isGone.set(true));
        departures.await(WEB, Duration.ofMillis(1));
        assertFalse(isGone.get());
        hold.close();
        departures.await(WEB, LONG);
        assertTrue(isGone.get());
    }

    @Test
    void waitsForAllWhoEndOneInstance() throws Exception {
        CountDownLatch closed = new CountDownLatch(2);
        Departures.Hold first = departures.hold(WEB, closed::countDown);
        Departures.Hold second = departures.hold(WEB, closed::countDown);
        second.close();
        first.close();
        departures.await(WEB, LONG);
        assertEquals(0, closed.getCount());
        assertTrue(closed.await(0, TimeUnit.SECONDS));
    }

    @Test
    void aCloseThatFailsHoldsNothingUp() throws Exception {
        departures
                .hold(
                        WEB,
                        () -> {
                            throw new IllegalStateException("for a test");
                        })
                .close();
        departures.await(WEB, LONG);
        departures.hold(WEB, () -> {}).close();
        departures.await(WEB, LONG);
    }
}
