package io.atoll.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.random.RandomGenerator;

/// Random numbers of the kernel's; getrandom(2). For a few of them, as for names and addresses:
/// Java's own generator loads a framework of providers first.
public final class KernelRandom implements RandomGenerator {
    @Override
    public long nextLong() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(JAVA_LONG);
            long unused =
                    Syscalls.call(
                            Sys.GETRANDOM, "random", number.address(), JAVA_LONG.byteSize(), 0);
            return number.get(JAVA_LONG, 0);
        }
    }
}
