package io.atoll.daemon.instance;

import io.atoll.base.DomainException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.metric.CgroupMetrics;
import io.atoll.daemon.metric.HugePages;
import io.atoll.daemon.metric.Metric;
import io.atoll.daemon.metric.MetricSource;
import io.atoll.daemon.metric.Metrics;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.net.Link;
import io.atoll.runtime.Container;
import io.atoll.storage.VolumeName;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What running instances use, as metrics: cgroup files, file systems as the host sees them, and
/// one netlink dump each through the socket that is open already. No namespace is entered.
final class InstanceMetrics implements MetricSource {
    private static final Logger LOG = System.getLogger(InstanceMetrics.class.getName());

    private final InstanceTable table;
    private final InstanceRunner runner;
    private final Ports.Pools pools;
    private final long hostMemoryBytes;

    /// @param hostMemoryBytes what an instance without a limit can use
    InstanceMetrics(
            InstanceTable table, InstanceRunner runner, Ports.Pools pools, long hostMemoryBytes) {
        this.table = table;
        this.runner = runner;
        this.pools = pools;
        this.hostMemoryBytes = hostMemoryBytes;
    }

    @Override
    public void measure(Metrics out, Optional<ProjectName> project) {
        for (InstanceRecord instance : project.map(table::list).orElseGet(table::list)) {
            Optional<Running> run = runner.find(instance.key());
            if (run.isPresent()) {
                try {
                    Metrics own = new Metrics();
                    measure(own, instance, run.get());
                    out.addAll(own);
                } catch (ErrnoException | DomainException e) {
                    // It ended while we looked.
                    LOG.log(Level.DEBUG, "no metrics of instance=" + instance.name(), e);
                }
            }
        }
    }

    private void measure(Metrics out, InstanceRecord instance, Running run) {
        Map<String, String> labels =
                Map.of(
                        "name",
                        instance.name(),
                        "project",
                        instance.project().value(),
                        "type",
                        "container");
        Container container = run.container();
        new CgroupMetrics(out, labels, container::cgroup)
                .add(
                        container.stats(),
                        hostMemoryBytes,
                        HugePages.ofHost(),
                        InstanceMetrics::blockDevice);
        network(out, labels, run);
        for (DeviceConfig device : Devices.parseAll(table.expand(instance).devices())) {
            switch (device) {
                case DeviceConfig.RootDisk root -> {
                    VolumeName volume = VolumeName.container(instance.hostWideName());
                    fileSystem(
                            out, labels, "/", pools.get(root.pool()).directory(volume.current()));
                }
                case DeviceConfig.MountedDisk disk -> {
                    Path path = source(instance, disk);
                    fileSystem(out, labels, disk.guestPath(), path);
                }
                default -> {}
            }
        }
    }

    private Path source(InstanceRecord instance, DeviceConfig.MountedDisk disk) {
        if (disk.pool().isEmpty()) {
            return Path.of(disk.source());
        }
        ProjectName owner = pools.volumeOwner(instance.project());
        return pools.get(disk.pool().get())
                .directory(VolumeName.custom(owner + "_" + disk.source()).current());
    }

    /// A quota of the volume counts as its size where the file system shows it so.
    private static void fileSystem(
            Metrics out, Map<String, String> labels, String guestPath, Path path) {
        try {
            FileStore store = Files.getFileStore(path);
            Map<String, String> all = new HashMap<>(labels);
            all.put("mountpoint", guestPath);
            all.put("fstype", store.type());
            all.put("device", store.name());
            out.add(Metric.FILESYSTEM_SIZE, all, store.getTotalSpace());
            out.add(Metric.FILESYSTEM_FREE, all, store.getUnallocatedSpace());
            out.add(Metric.FILESYSTEM_AVAIL, all, store.getUsableSpace());
        } catch (IOException e) {
            // A device that is not required and not there.
            LOG.log(Level.DEBUG, "no metrics of file system path=" + path, e);
        }
    }

    private static void network(Metrics out, Map<String, String> labels, Running run) {
        List<Link> links = PlatformThreads.call(() -> run.netlink().links());
        for (Link link : links) {
            Map<String, String> all = new HashMap<>(labels);
            all.put("device", link.name());
            Link.Counters c = link.counters();
            out.add(Metric.RECEIVE_BYTES, all, c.bytesReceived());
            out.add(Metric.RECEIVE_DROP, all, c.dropsReceived());
            out.add(Metric.RECEIVE_ERRS, all, c.errorsReceived());
            out.add(Metric.RECEIVE_PACKETS, all, c.packetsReceived());
            out.add(Metric.TRANSMIT_BYTES, all, c.bytesSent());
            out.add(Metric.TRANSMIT_DROP, all, c.dropsSent());
            out.add(Metric.TRANSMIT_ERRS, all, c.errorsSent());
            out.add(Metric.TRANSMIT_PACKETS, all, c.packetsSent());
        }
    }

    /// The kernel's name of a device; the numbers themselves if it is gone.
    private static String blockDevice(String numbers) {
        try {
            Path link = Files.readSymbolicLink(Path.of("/sys/dev/block", numbers));
            return String.valueOf(link.getFileName());
        } catch (IOException e) {
            return numbers;
        }
    }
}
