package io.atoll.lxcfs;

import io.atoll.lxcfs.cgroup.Cgroup;
import io.atoll.lxcfs.cgroup.HostFiles;
import io.atoll.lxcfs.cgroup.LoadTracker;
import io.atoll.lxcfs.cgroup.Readers;
import io.atoll.lxcfs.cgroup.Readers.Reader;
import io.atoll.lxcfs.fuse.FuseException;
import io.atoll.lxcfs.view.CgroupMemory;
import io.atoll.lxcfs.view.CpuView;
import io.atoll.lxcfs.view.Cpuinfo;
import io.atoll.lxcfs.view.Diskstats;
import io.atoll.lxcfs.view.Loadavg;
import io.atoll.lxcfs.view.Meminfo;
import io.atoll.lxcfs.view.Slabinfo;
import io.atoll.lxcfs.view.Stat;
import io.atoll.lxcfs.view.Swaps;
import io.atoll.lxcfs.view.Uptime;
import java.util.Optional;
import java.util.function.Supplier;

/// Joins a reader's numbers and the host's file into the text that reader sees. Where the numbers
/// are missing the host's file stands unchanged.
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
        Supplier<String> host =
                () ->
                        files.read(view.hostPath())
                                .orElseThrow(() -> new FuseException(FuseException.ENOENT));
        return readers.find(readerPid)
                .flatMap(reader -> renderFor(view, reader, host))
                .orElseGet(host);
    }

    /// The host's file is read only where a view needs it.
    private Optional<String> renderFor(View view, Reader reader, Supplier<String> host) {
        return switch (view) {
            case MEMINFO ->
                    memory(reader).map(m -> Meminfo.render(host.get(), m, options.hidesSwap()));
            case SWAPS ->
                    memory(reader)
                            .map(m ->
                                    Swaps.render(
                                            files.read("/proc/meminfo").orElse(""),
                                            m,
                                            options.hidesSwap()));
            case CPUINFO -> cpus(reader).map(cpus -> Cpuinfo.render(host.get(), cpus));
            case CPU_ONLINE -> cpus(reader).map(CpuView::renderOnline);
            case STAT -> reader.isHost() ? Optional.empty() : stat(reader, host);
            case UPTIME -> reader.isHost() ? Optional.empty() : uptime(reader, host);
            case LOADAVG -> reader.isHost() ? Optional.empty() : loadavg(reader);
            case DISKSTATS ->
                    readers.cgroup(reader)
                            .flatMap(Cgroup::io)
                            .map(io -> Diskstats.render(host.get(), io));
            case SLABINFO ->
                    reader.isHost() ? Optional.empty() : Optional.of(Slabinfo.render(host.get()));
            case PRESSURE_CPU -> readers.cgroup(reader).flatMap(c -> c.pressure("cpu"));
            case PRESSURE_IO -> readers.cgroup(reader).flatMap(c -> c.pressure("io"));
            case PRESSURE_MEMORY -> readers.cgroup(reader).flatMap(c -> c.pressure("memory"));
        };
    }

    private Optional<CgroupMemory> memory(Reader reader) {
        return readers.cgroup(reader).flatMap(Cgroup::memory);
    }

    private Optional<CpuView> cpus(Reader reader) {
        return readers.cgroup(reader).flatMap(this::cpus);
    }

    private Optional<CpuView> cpus(Cgroup cgroup) {
        return cgroup.cpus(options.cutsCpusByQuota()).filter(view -> !view.cpus().isEmpty());
    }

    private Optional<String> stat(Reader reader, Supplier<String> host) {
        return readers.cgroup(reader)
                .flatMap(c -> cpus(c).map(cpus -> Stat.render(host.get(), cpus, c.cpuUsage())));
    }

    private Optional<String> uptime(Reader reader, Supplier<String> host) {
        return readers.startTicks(reader.pid())
                .map(start ->
                        Uptime.render(
                                host.get(),
                                start,
                                readers.cgroup(reader).flatMap(Cgroup::cpuNanos)));
    }

    private Optional<String> loadavg(Reader reader) {
        if (!options.tracksLoad()) {
            return Optional.empty();
        }
        return readers.startTicks(reader.pid())
                .flatMap(start -> loads.find(reader.pid(), start, () -> readers.cgroup(reader)))
                .map(Loadavg::render);
    }
}
