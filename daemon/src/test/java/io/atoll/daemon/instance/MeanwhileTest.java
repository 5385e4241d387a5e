package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.UnavailableException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class MeanwhileTest {
    @Test
    void goesOnBesideItsBeginnerAndTellsWhatWentWrongAgainAndAgain() {
        CountDownLatch begun = new CountDownLatch(1);
        Meanwhile work =
                Meanwhile.begin(
                        "test",
                        () -> {
                            await(begun);
                            throw new UnavailableException("no space left");
                        });
        begun.countDown();
        for (int i = 0; i < 2; i++) {
            assertEquals(
                    "no space left",
                    assertThrows(UnavailableException.class, work::join).getMessage());
        }
    }

    @Test
    void whoIsInterruptedStillWaitsForTheEnd() {
        CountDownLatch interrupted = new CountDownLatch(1);
        Meanwhile work = Meanwhile.begin("test", () -> await(interrupted));
        Thread.currentThread().interrupt();
        interrupted.countDown();
        work.join();
        assertTrue(Thread.interrupted());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
