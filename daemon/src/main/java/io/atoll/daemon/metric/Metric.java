package io.atoll.daemon.metric;

import java.util.Locale;

/// The series that are told to whoever collects metrics, in the order in which they are shown.
/// Names are LXD's, so that dashboards made for it show the same here.
public enum Metric {
    CPU_SECONDS("cpu_seconds_total", "CPU time used, in seconds."),
    CPUS("cpu_effective_total", "CPUs that processes may run on."),
    DISK_READ_BYTES("disk_read_bytes_total", "Bytes read from the block device."),
    DISK_READS("disk_reads_completed_total", "Reads from the block device that are done."),
    DISK_WRITTEN_BYTES("disk_written_bytes_total", "Bytes written to the block device."),
    DISK_WRITES("disk_writes_completed_total", "Writes to the block device that are done."),
    FILESYSTEM_AVAIL("filesystem_avail_bytes", "Bytes that can still be written."),
    FILESYSTEM_FREE("filesystem_free_bytes", "Bytes that are free, kept back or not."),
    FILESYSTEM_SIZE("filesystem_size_bytes", "Bytes that the file system holds in all."),
    ACTIVE_ANON("memory_Active_anon_bytes", "Anonymous memory that was used lately."),
    ACTIVE_FILE("memory_Active_file_bytes", "Memory of files that was used lately."),
    ACTIVE("memory_Active_bytes", "Memory that was used lately."),
    CACHED("memory_Cached_bytes", "Memory that caches files."),
    DIRTY("memory_Dirty_bytes", "Memory that has to be written to disk."),
    HUGEPAGES_FREE("memory_HugepagesFree_bytes", "Huge pages that can still be used."),
    HUGEPAGES_TOTAL("memory_HugepagesTotal_bytes", "Huge pages that can be used at most."),
    INACTIVE_ANON("memory_Inactive_anon_bytes", "Anonymous memory that was not used lately."),
    INACTIVE_FILE("memory_Inactive_file_bytes", "Memory of files that was not used lately."),
    INACTIVE("memory_Inactive_bytes", "Memory that was not used lately."),
    MAPPED("memory_Mapped_bytes", "Memory of files that processes have mapped."),
    MEM_AVAILABLE("memory_MemAvailable_bytes", "Memory left, counting caches as free."),
    MEM_FREE("memory_MemFree_bytes", "Memory left."),
    MEM_TOTAL("memory_MemTotal_bytes", "Memory that can be used at most."),
    OOM_KILLS("memory_OOM_kills_total", "Processes ended because memory ran out."),
    RSS("memory_RSS_bytes", "Anonymous memory."),
    SHMEM("memory_Shmem_bytes", "Memory of files that live in memory only."),
    SWAP("memory_Swap_bytes", "Swap in use."),
    UNEVICTABLE("memory_Unevictable_bytes", "Memory that cannot be given back."),
    WRITEBACK("memory_Writeback_bytes", "Memory on its way to disk."),
    RECEIVE_BYTES("network_receive_bytes_total", "Bytes received."),
    RECEIVE_DROP("network_receive_drop_total", "Packets dropped on their way in."),
    RECEIVE_ERRS("network_receive_errs_total", "Packets received with errors."),
    RECEIVE_PACKETS("network_receive_packets_total", "Packets received."),
    TRANSMIT_BYTES("network_transmit_bytes_total", "Bytes sent."),
    TRANSMIT_DROP("network_transmit_drop_total", "Packets dropped on their way out."),
    TRANSMIT_ERRS("network_transmit_errs_total", "Packets that could not be sent."),
    TRANSMIT_PACKETS("network_transmit_packets_total", "Packets sent."),
    PROCS("procs_total", "Processes and threads."),
    OPERATIONS("operations_total", "Operations that are known."),
    WARNINGS("warnings_total", "Warnings that nobody has acknowledged."),
    UPTIME("uptime_seconds", "How long the daemon has been running.");

    private final String series;
    private final String help;

    Metric(String series, String help) {
        this.series = series;
        this.help = help;
    }

    /// The name as shown: `lxd_procs_total`.
    String series() {
        return "lxd_" + series;
    }

    String help() {
        return help;
    }

    /// `counter` for what only grows, else `gauge`. Sums of what is there now are called totals,
    /// too.
    String type() {
        return switch (this) {
            case PROCS, OPERATIONS, WARNINGS, CPUS -> "gauge";
            default -> series.toLowerCase(Locale.ROOT).endsWith("_total") ? "counter" : "gauge";
        };
    }
}
