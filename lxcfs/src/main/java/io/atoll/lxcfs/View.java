package io.atoll.lxcfs;

/// The files that differ from the host's.
enum View {
    CPUINFO("proc/cpuinfo"),
    DISKSTATS("proc/diskstats"),
    LOADAVG("proc/loadavg"),
    MEMINFO("proc/meminfo"),
    SLABINFO("proc/slabinfo"),
    STAT("proc/stat"),
    SWAPS("proc/swaps"),
    UPTIME("proc/uptime"),
    PRESSURE_CPU("proc/pressure/cpu"),
    PRESSURE_IO("proc/pressure/io"),
    PRESSURE_MEMORY("proc/pressure/memory"),
    CPU_ONLINE("sys/devices/system/cpu/online");

    private final String path;

    View(String path) {
        this.path = path;
    }

    /// Path below the mount point, which is also the host's path without its leading slash.
    String path() {
        return path;
    }

    String hostPath() {
        return "/" + path;
    }
}
