package io.atoll.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LatelyTest {
    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
    private final AtomicInteger asked = new AtomicInteger();

    @Test
    void asksAgainOnlyWhenTheAnswerIsOld() {
        Lately<Integer> lately =
                new Lately<>(Duration.ofNanos(10), asked::incrementAndGet, now::get);
        assertEquals(1, lately.get());
        now.addAndGet(9); // past the end of the numbers, as a nanosecond clock may go
        assertEquals(1, lately.get());
        now.addAndGet(1);
        assertEquals(2, lately.get());
    }

    @Test
    void failureIsNotKept() {
        Lately<Integer> lately =
                new Lately<>(
                        Duration.ofDays(1),
                        () -> {
                            if (asked.incrementAndGet() == 1) {
                                throw new IllegalStateException("not yet");
                            }
                            return asked.get();
                        },
                        now::get);
        assertThrows(IllegalStateException.class, lately::get);
        assertEquals(2, lately.get());
    }
}
