package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class IdleHeapTest {
    private static final long MIB = 1 << 20;

    /// Grows as it is told to; a collection leaves it at 20 MiB.
    private static final class FakeHeap implements IdleHeap.Heap {
        private long committed = 20 * MIB;
        private long used = 10 * MIB;
        private int collections;

        @Override
        public long committed() {
            return committed;
        }

        @Override
        public long used() {
            return used;
        }

        @Override
        public void collect() {
            collections++;
            committed = 21 * MIB;
            used = 9 * MIB;
        }
    }

    private final FakeHeap heap = new FakeHeap();
    private final IdleHeap idle = new IdleHeap(heap);

    @Test
    void growthIsCollectedWhenNobodyIsBusyAnyMore() {
        heap.committed += 5 * MIB;
        heap.used += 5 * MIB;
        idle.look();
        assertEquals(0, heap.collections, "somebody allocates");
        heap.used -= 4 * MIB;
        idle.look();
        assertEquals(0, heap.collections, "the young generation was collected");
        heap.used += MIB / 10;
        idle.look();
        assertEquals(1, heap.collections);
        idle.look();
        assertEquals(1, heap.collections, "what is left is in use");
    }

    @Test
    void littleGrowthIsLeftAlone() {
        heap.committed += 2 * MIB;
        idle.look();
        idle.look();
        assertEquals(0, heap.collections);
    }
}
