package io.atoll.base;

import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A set of processors as the kernel and users write it, `0-3,7`; cpuset(7) "List format". At most
/// [#CPUS_MAX].
public final class CpuSet {
    /// One more than the highest processor number accepted; the kernel's own largest NR_CPUS.
    public static final int CPUS_MAX = 8192;

    private final BitSet cpus;

    private CpuSet(BitSet cpus) {
        this.cpus = cpus;
    }

    /// Parses the list format; an empty text is the empty set.
    ///
    /// @throws InvalidConfigException if a part is neither a number nor a range
    public static CpuSet parse(String text) {
        BitSet cpus = new BitSet();
        if (text.isBlank()) {
            return new CpuSet(cpus);
        }
        for (String part : text.split(",", -1)) {
            String[] ends = part.strip().split("-", 2);
            int first = number(ends[0], text);
            int last = ends.length == 2 ? number(ends[1], text) : first;
            if (last < first) {
                throw invalid(text);
            }
            cpus.set(first, last + 1);
        }
        return new CpuSet(cpus);
    }

    private static int number(String digits, String text) {
        if (!digits.matches("[0-9]{1,4}") || Integer.parseInt(digits) >= CPUS_MAX) {
            throw invalid(text);
        }
        return Integer.parseInt(digits);
    }

    private static InvalidConfigException invalid(String text) {
        return new InvalidConfigException("Invalid CPU limit syntax: \"" + text.strip() + "\"");
    }

    /// The processors of these numbers.
    public static CpuSet of(List<Integer> numbers) {
        BitSet cpus = new BitSet();
        numbers.forEach(cpus::set);
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

    public boolean containsAll(CpuSet other) {
        BitSet missing = (BitSet) other.cpus.clone();
        missing.andNot(cpus);
        return missing.isEmpty();
    }

    /// The processors of both sets.
    public CpuSet plus(CpuSet other) {
        BitSet all = (BitSet) cpus.clone();
        all.or(other.cpus);
        return new CpuSet(all);
    }

    public int count() {
        return cpus.cardinality();
    }

    public boolean isEmpty() {
        return cpus.isEmpty();
    }

    /// The numbers, rising.
    public List<Integer> numbers() {
        return cpus.stream().boxed().toList();
    }

    /// The `count` lowest processors of this set.
    public CpuSet lowest(int count) {
        return of(cpus.stream().limit(count).boxed().toList());
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

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CpuSet set && cpus.equals(set.cpus);
    }

    @Override
    public int hashCode() {
        return cpus.hashCode();
    }

    @Override
    public String toString() {
        return render();
    }
}
