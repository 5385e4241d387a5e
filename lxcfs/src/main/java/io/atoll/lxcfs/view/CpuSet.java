package io.atoll.lxcfs.view;

import java.util.BitSet;

/// A set of processors as the kernel writes it, `0-3,7`; cpuset(7) "List format". At most
/// [#CPUS_MAX].
public final class CpuSet {
    /// One more than the highest processor number accepted; the kernel's own largest NR_CPUS.
    public static final int CPUS_MAX = 8192;

    private final BitSet cpus;

    private CpuSet(BitSet cpus) {
        this.cpus = cpus;
    }

    /// Parses the list format; parts that are no number or range are left out.
    public static CpuSet parse(String text) {
        BitSet cpus = new BitSet();
        for (String part : text.strip().split(",")) {
            int dash = part.indexOf('-');
            long first = Text.parseLong(dash < 0 ? part : part.substring(0, dash)).orElse(-1);
            long last = dash < 0 ? first : Text.parseLong(part.substring(dash + 1)).orElse(-1);
            if (first >= 0 && first <= last && last < CPUS_MAX) {
                cpus.set((int) first, (int) last + 1);
            }
        }
        return new CpuSet(cpus);
    }

    /// Processors 0 to `count`-1.
    public static CpuSet first(int count) {
        BitSet cpus = new BitSet();
        cpus.set(0, count);
        return new CpuSet(cpus);
    }

    public boolean contains(int cpu) {
        return cpus.get(cpu);
    }

    public int count() {
        return cpus.cardinality();
    }

    public boolean isEmpty() {
        return cpus.isEmpty();
    }

    /// The `count` lowest processors of this set.
    public CpuSet lowest(int count) {
        BitSet out = new BitSet();
        for (int cpu = cpus.nextSetBit(0);
                cpu >= 0 && out.cardinality() < count;
                cpu = cpus.nextSetBit(cpu + 1)) {
            out.set(cpu);
        }
        return new CpuSet(out);
    }

    /// The list format, without a newline; the empty set is the empty string.
    public String render() {
        StringBuilder out = new StringBuilder();
        int first = cpus.nextSetBit(0);
        while (first >= 0) {
            int last = cpus.nextClearBit(first) - 1;
            out.append(out.isEmpty() ? "" : ",").append(first);
            if (last > first) {
                out.append('-').append(last);
            }
            first = cpus.nextSetBit(last + 1);
        }
        return out.toString();
    }
}
