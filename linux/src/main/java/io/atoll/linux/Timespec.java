package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/// `struct __kernel_timespec` of `linux/time_types.h`.
final class Timespec {
    static final long SIZE = 16;

    private Timespec() {}

    static MemorySegment allocate(Arena arena, Duration duration) {
        MemorySegment time = arena.allocate(SIZE, 8);
        time.set(JAVA_LONG, 0, duration.getSeconds());
        time.set(JAVA_LONG, 8, duration.getNano());
        return time;
    }
}
