package io.atoll.lxcfs;

import io.atoll.lxcfs.cgroup.Cgroup;
import io.atoll.lxcfs.cgroup.HostFiles;
import io.atoll.lxcfs.cgroup.LoadTracker;
import io.atoll.lxcfs.cgroup.Readers;
import io.atoll.lxcfs.cgroup.Readers.Reader;
import io.atoll.lxcfs.fuse.FuseException;
import io.atoll.lxcfs.view.Cpuinfo;
import io.atoll.lxcfs.view.CpuView;
import io.atoll.lxcfs.view.Diskstats;
import io.atoll.lxcfs.view.Loadavg;
import io.atoll.lxcfs.view.Meminfo;
import io.atoll.lxcfs.view.Slabinfo;
import io.atoll.lxcfs.view.Stat;
import io.atoll.lxcfs.view.Swaps;
import io.atoll.lxcfs.view.Uptime;
import java.util.Optional;

/// Joins a reader's numbers and the host's file into the text that reader sees. Where the numbers are missing the
/// host's file stands unchanged.
final class ViewRenderer {
    private final HostFiles files;
    private final Readers readers;
    private final LoadTracker loads;
    private final LxcfsOptions options;

    ViewRenderer(HostFiles files, Readers readers, LoadTracker loads, LxcfsOptions options) {
        this.files = files;
        this.readers = readers;
        this.loads = loads;
        this.options = options;
    }

    /// @throws FuseException ENOENT if the host itself has no such file
    String render(View view, int readerPid) {
        String host = files.read(view.hostPath()).orElseThrow(() -> new FuseException(FuseException.ENOENT));
        return readers.find(readerPid).flatMap(reader -> renderFor(view, reader, host)).orElse(host);
    }

    private Optional<String> renderFor(View view, Reader reader, String host) {
        Cgroup cgroup = reader.cgroup();
        return switch (view) {
            case MEMINFO -> cgroup.memory().map(m -> Meminfo.render(host, m, options.hidesSwap()));
            case SWAPS ->
                    cgroup.memory()
                            .map(m -> Swaps.render(files.read("/proc/meminfo").orElse(""), m, options.hidesSwap()));
            case CPUINFO -> cpus(cgroup).map(cpus -> Cpuinfo.render(host, cpus));
            case CPU_ONLINE -> cpus(cgroup).map(CpuView::renderOnline);
            case STAT -> cpus(cgroup).filter(_ -> !reader.isHost()).map(c -> Stat.render(host, c, cgroup.cpuUsage()));
            case UPTIME ->
                    readers.startTicks(reader.pid())
                            .filter(_ -> !reader.isHost())
                            .map(start -> Uptime.render(host, start, cgroup.cpuNanos()));
            case LOADAVG -> loadavg(reader);
            case DISKSTATS -> cgroup.io().map(io -> Diskstats.render(host, io));
            case SLABINFO -> reader.isHost() ? Optional.empty() : Optional.of(Slabinfo.render(host));
            case PRESSURE_CPU -> cgroup.pressure("cpu");
            case PRESSURE_IO -> cgroup.pressure("io");
            case PRESSURE_MEMORY -> cgroup.pressure("memory");
        };
    }

    private Optional<CpuView> cpus(Cgroup cgroup) {
        return cgroup.cpus(options.cutsCpusByQuota()).filter(view -> !view.cpus().isEmpty());
    }

    private Optional<String> loadavg(Reader reader) {
        if (!options.tracksLoad() || reader.isHost()) {
            return Optional.empty();
        }
        return readers.startTicks(reader.pid()).flatMap(start -> loads.find(reader, start)).map(Loadavg::render);
    }
}
