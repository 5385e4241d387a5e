package io.atoll.daemon.trust;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.ForbiddenException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FailedAttemptsTest {
    private static final String MALLORY = "192.0.2.1";

    private final AtomicLong now = new AtomicLong();
    private final FailedAttempts attempts = new FailedAttempts(now::get);

    private void guess(String address, int times) {
        for (int i = 0; i < times; i++) {
            attempts.begin(address);
        }
    }

    private void mustWait(String address) {
        assertThrows(ForbiddenException.class, () -> attempts.begin(address), address);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void everyFurtherGuessTakesTwiceAsLong() {
        guess(MALLORY, FailedAttempts.FREE);
        for (long seconds = 1; seconds < FailedAttempts.WAIT_MAX.toSeconds(); seconds *= 2) {
            mustWait(MALLORY);
            pass(Duration.ofSeconds(seconds).minusMillis(1));
            mustWait(MALLORY);
            pass(Duration.ofMillis(1));
            guess(MALLORY, 1);
        }
        mustWait(MALLORY);
        pass(FailedAttempts.WAIT_MAX);
        guess(MALLORY, 1);
        guess("192.0.2.2", 1);
    }

    @Test
    void whoWasRightBeginsAnew() {
        guess(MALLORY, FailedAttempts.FREE - 1);
        attempts.begin(MALLORY);
        attempts.succeeded(MALLORY);
        guess(MALLORY, FailedAttempts.FREE);
        mustWait(MALLORY);
    }

    /// A guess takes a while to look at; those that come meanwhile count as well.
    @Test
    void guessesAtOnceAreNotMoreThanOneAfterTheOther() throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        List<Future<Boolean>> guesses = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 100; i++) {
                guesses.add(
                        threads.submit(() -> {
                            start.await();
                            try {
                                attempts.begin(MALLORY);
                                return true;
                            } catch (ForbiddenException e) {
                                return false;
                            }
                        }));
            }
            start.countDown();
        }
        int taken = 0;
        for (Future<Boolean> guess : guesses) {
            taken += guess.get() ? 1 : 0;
        }
        assertEquals(FailedAttempts.FREE, taken);
    }

    @Test
    void aNetworkOfVersion6IsOneGuesser() {
        for (int i = 0; i < FailedAttempts.FREE; i++) {
            attempts.begin("[2001:db8::" + i + "]");
        }
        mustWait("2001:db8::ffff");
        mustWait("[2001:db8:0:0:1:2:3:4]");
        guess("[2001:db8:0:1::1]", 1);
    }

    @Test
    void whoHasManyAddressesTakesNoMoreMemory() {
        guess(MALLORY, FailedAttempts.FREE);
        for (int i = 0; i < FailedAttempts.ADDRESSES_MAX; i++) {
            attempts.begin("10.0." + i / 250 + "." + i % 250);
        }
        guess(MALLORY, 1);
    }
}
