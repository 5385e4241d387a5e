package io.atoll.daemon.instance.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.CpuSet;
import io.atoll.daemon.instance.compile.CpuPlacement.Wish;
import io.atoll.daemon.instance.config.CpuLimit;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// Which processors instances get.
class CpuPlacementTest {
    private static final CpuSet FOUR = CpuSet.first(4);
    private static final CpuSet NONE = CpuSet.parse("");

    private static Wish count(int cpus, String current) {
        return new Wish(new CpuLimit.Count(cpus), CpuSet.parse(current));
    }

    private static Wish pinned(String cpus) {
        return new Wish(new CpuLimit.Pinned(CpuSet.parse(cpus)), CpuSet.parse(cpus));
    }

    private static String placed(Map<String, Wish> wishes) {
        Map<String, String> out = new TreeMap<>();
        CpuPlacement.place(FOUR, wishes).forEach((id, cpus) -> out.put(id, cpus.render()));
        return out.toString();
    }

    @Test
    void fillsWhatIsEmpty() {
        assertEquals(
                "{a=0-1, b=2, c=3}",
                placed(Map.of("a", count(2, ""), "b", count(1, ""), "c", count(1, ""))));
    }

    @Test
    void keepsAwayFromThePinnedAndLeavesThemAlone() {
        assertEquals("{a=2-3}", placed(Map.of("a", count(2, ""), "p", pinned("0-1"))));
    }

    @Test
    void movesNobodyWithoutNeed() {
        assertEquals("{a=3, b=1}", placed(Map.of("a", count(1, "3"), "b", count(1, "1"))));
        assertEquals("{a=3, b=0}", placed(Map.of("a", count(1, "3"), "b", count(1, "3"))));
    }

    @Test
    void hasNothingToSayOfThoseThatMayUseAll() {
        assertEquals("{}", placed(Map.of("a", count(4, ""), "b", count(9, ""), "c", count(0, ""))));
    }

    @Test
    void aNewOneGetsWhatCarriesLeast() {
        Map<String, Wish> others =
                Map.of("a", count(1, "0"), "b", pinned("1"), "all", count(0, "0-3"));
        assertEquals("2", CpuPlacement.placeOne(FOUR, 1, others).render());
        assertEquals("2-3", CpuPlacement.placeOne(FOUR, 2, others).render());
    }

    /// Whatever comes and goes: no processor carries two more than another.
    @Test
    void isEvenAfterAnything() {
        long seed = 4711;
        Random random = new Random(seed);
        Map<String, Wish> wishes = new HashMap<>();
        for (int step = 0; step < 500; step++) {
            String id = "c" + random.nextInt(12);
            if (wishes.remove(id) == null) {
                wishes.put(id, new Wish(new CpuLimit.Count(1 + random.nextInt(3)), NONE));
            }
            Map<String, CpuSet> placed = CpuPlacement.place(FOUR, wishes);
            placed.forEach(
                    (name, cpus) -> wishes.put(name, new Wish(wishes.get(name).limit(), cpus)));
            int[] load = new int[4];
            placed.values().forEach(cpus -> cpus.numbers().forEach(cpu -> load[cpu]++));
            int most = java.util.Arrays.stream(load).max().orElse(0);
            int least = java.util.Arrays.stream(load).min().orElse(0);
            assertTrue(most - least <= 1, "step " + step + " of seed " + seed);
            assertEquals(placed, CpuPlacement.place(FOUR, wishes), "stays so");
        }
    }
}
