package io.atoll.lxcfs.view;

import java.util.Map;
import java.util.Optional;

/// What one cgroup's memory controller says, in bytes, with v1's and v2's names brought together.
///
/// @param limitBytes the least limit from this cgroup up to the root; [Long#MAX_VALUE] when there
///   is none
/// @param usageBytes current use, page cache included
/// @param stat the lines of memory.stat
/// @param swap what is known of swap; empty when the kernel does not account it
public record CgroupMemory(long limitBytes, long usageBytes, Stat stat, Optional<Swap> swap) {
    /// The lines of memory.stat that /proc/meminfo shows, descendants included, in bytes.
    public record Stat(
            long cache,
            long activeAnon,
            long inactiveAnon,
            long activeFile,
            long inactiveFile,
            long unevictable,
            long dirty,
            long writeback,
            long shmem,
            long mapped,
            long anonHuge) {
        /// From cgroup v1's memory.stat, whose `total_` lines include descendants;
        /// cgroup-v1/memory.rst.
        public static Stat ofV1(Map<String, Long> lines) {
            return of(lines, "total_", "cache", "mapped_file", "dirty", "writeback", "rss_huge");
        }

        /// From cgroup v2's memory.stat, which always includes descendants; cgroup-v2.rst.
        public static Stat ofV2(Map<String, Long> lines) {
            return of(lines, "", "file", "file_mapped", "file_dirty", "file_writeback", "anon_thp");
        }

        private static Stat of(
                Map<String, Long> lines,
                String prefix,
                String cache,
                String mapped,
                String dirty,
                String writeback,
                String huge) {
            return new Stat(
                    lines.getOrDefault(prefix + cache, 0L),
                    lines.getOrDefault(prefix + "active_anon", 0L),
                    lines.getOrDefault(prefix + "inactive_anon", 0L),
                    lines.getOrDefault(prefix + "active_file", 0L),
                    lines.getOrDefault(prefix + "inactive_file", 0L),
                    lines.getOrDefault(prefix + "unevictable", 0L),
                    lines.getOrDefault(prefix + dirty, 0L),
                    lines.getOrDefault(prefix + writeback, 0L),
                    lines.getOrDefault(prefix + "shmem", 0L),
                    lines.getOrDefault(prefix + mapped, 0L),
                    lines.getOrDefault(prefix + huge, 0L));
        }
    }

    /// Swap as the views show it.
    ///
    /// @param limitBytes the least limit up to the root: v1 memory.memsw.limit_in_bytes (RAM
    ///   included, as upstream's view has it), v2 memory.swap.max; [Long#MAX_VALUE] when there is
    ///   none
    /// @param usageBytes swap in use, RAM not included
    /// @param swappiness 0 means the container may not swap: only what is out already is shown
    public record Swap(long limitBytes, long usageBytes, long swappiness) {
        /// The swap a container sees, given the host's, in bytes.
        public long totalBytes(long hostTotalBytes) {
            long total = Math.min(limitBytes, hostTotalBytes);
            return swappiness == 0 ? Math.min(total, usageBytes) : total;
        }

        /// The part of [#totalBytes(long)] that is in use, in bytes.
        public long usedBytes(long hostTotalBytes) {
            return Math.min(usageBytes, totalBytes(hostTotalBytes));
        }
    }
}
