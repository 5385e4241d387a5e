package io.atoll.daemon.instance.compile;

import io.atoll.base.CpuSet;
import io.atoll.daemon.instance.config.CpuLimit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Which processors instances with a number of processors run on: those that carry the fewest
/// instances, and among them the ones that they have already, so that few are moved. Instances that
/// name their processors count, and stay. Pure.
public final class CpuPlacement {
    /// What one instance wants, and has.
    ///
    /// @param current empty before it starts
    public record Wish(CpuLimit limit, CpuSet current) {}

    private CpuPlacement() {}

    /// @param online processors of the host
    /// @param wishes by instance
    /// @return the processors of each instance that has a number of them smaller than the host's
    public static Map<String, CpuSet> place(CpuSet online, Map<String, Wish> wishes) {
        Map<Integer, Integer> load = new HashMap<>();
        for (Wish wish : wishes.values()) {
            if (wish.limit() instanceof CpuLimit.Pinned(CpuSet cpus)) {
                add(load, cpus);
            }
        }
        Map<String, CpuSet> out = new TreeMap<>();
        new TreeMap<>(wishes)
                .forEach((id, wish) -> {
                    if (wish.limit() instanceof CpuLimit.Count(int count)
                            && count > 0
                            && count < online.count()) {
                        CpuSet chosen = choose(online, count, wish.current(), load);
                        add(load, chosen);
                        out.put(id, chosen);
                    }
                });
        return out;
    }

    private static void add(Map<Integer, Integer> load, CpuSet cpus) {
        cpus.numbers().forEach(cpu -> load.merge(cpu, 1, Integer::sum));
    }

    private static CpuSet choose(
            CpuSet online, int count, CpuSet current, Map<Integer, Integer> load) {
        Comparator<Integer> byLoad = Comparator.comparingInt(cpu -> load.getOrDefault(cpu, 0));
        List<Integer> best =
                online.numbers().stream()
                        .sorted(
                                byLoad.thenComparing(cpu -> !current.contains(cpu))
                                        .thenComparing(Comparator.naturalOrder()))
                        .limit(count)
                        .toList();
        return CpuSet.of(best);
    }

    /// The processors of one more instance, the others staying where they are.
    ///
    /// @param others with those that they have now
    public static CpuSet placeOne(CpuSet online, int count, Map<String, Wish> others) {
        Map<Integer, Integer> load = new HashMap<>();
        for (Wish other : others.values()) {
            // What has all of them weighs on none more than on another.
            if (!other.current().containsAll(online)) {
                add(load, other.current());
            }
        }
        return choose(online, count, CpuSet.of(List.of()), load);
    }
}
