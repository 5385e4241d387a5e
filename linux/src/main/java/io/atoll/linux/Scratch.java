package io.atoll.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/// Native memory that a call needs only while it runs, kept for the next one. Not by thread: each
/// request has a virtual thread of its own, and new memory has to be filled with zeros first.
///
/// What is in it is whatever the last user left.
final class Scratch implements AutoCloseable {
    static final int BYTES = 256 << 10;

    /// More are made when as many are in use, and left to the garbage collector afterwards.
    private static final int KEPT = 8;

    private static final BlockingQueue<Scratch> FREE = new ArrayBlockingQueue<>(KEPT);

    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 8);

    private Scratch() {}

    /// One that is the caller's until it is closed.
    static Scratch borrow() {
        Scratch free = FREE.poll();
        return free == null ? new Scratch() : free;
    }

    /// [#BYTES] long.
    MemorySegment memory() {
        return memory;
    }

    long address() {
        return memory.address();
    }

    @Override
    public void close() {
        boolean unused = FREE.offer(this);
    }
}
