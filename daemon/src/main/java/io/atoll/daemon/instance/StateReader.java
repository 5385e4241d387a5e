package io.atoll.daemon.instance;

import io.atoll.api.StatusCode;
import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.LinkAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.runtime.CgroupUsage;
import io.atoll.storage.VolumeName;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// Reads what an instance uses right now: a few cgroup files and two netlink dumps, no process and
/// no thread of its own.
final class StateReader {
    private static final Logger LOG = System.getLogger(StateReader.class.getName());

    private final InstanceRunner runner;
    private final Ports.Pools pools;

    StateReader(InstanceRunner runner, Ports.Pools pools) {
        this.runner = runner;
        this.pools = pools;
    }

    /// The state as the API shows it.
    Json read(InstanceRecord instance, Expansion expansion) {
        return read(instance, expansion, runner.status(instance.key()));
    }

    /// As [#read(InstanceRecord,Expansion)] when its status has just been read.
    Json read(InstanceRecord instance, Expansion expansion, StatusCode status) {
        Optional<Running> run = runner.find(instance.key());
        Json.Obj out = Json.object().put("status", status.text()).put("status_code", status.code());
        out.put("disk", disks(instance, expansion));
        if (run.isEmpty() || status == StatusCode.STOPPED) {
            return stopped(out);
        }
        try {
            return running(out, instance, expansion, run.get());
        } catch (ErrnoException | DomainException e) {
            // It ended while we looked.
            LOG.log(Level.DEBUG, "state of an ending instance instance=" + instance.name(), e);
            Json.Obj end =
                    Json.object().put("status", StatusCode.STOPPED.text()).put("status_code", 102);
            return stopped(end.put("disk", out.get("disk")));
        }
    }

    private static Json stopped(Json.Obj out) {
        return out.put("memory", memory(0, 0, 0, 0))
                .put("network", Json.Null.NULL)
                .put("pid", 0)
                .put("processes", 0)
                .put("cpu", Json.object().put("usage", 0));
    }

    private static Json running(
            Json.Obj out, InstanceRecord instance, Expansion expansion, Running run) {
        CgroupUsage stats = run.container().usage();
        return out.put(
                        "memory",
                        memory(
                                stats.memoryBytes(),
                                stats.memoryPeakBytes(),
                                stats.swapBytes(),
                                stats.swapPeakBytes()))
                .put("network", network(instance, expansion, run))
                .put("pid", run.container().initPid())
                .put("processes", Math.max(0, stats.pids()))
                .put("cpu", Json.object().put("usage", Math.max(0, stats.cpuNanos())));
    }

    private static Json memory(long usage, long peak, long swap, long swapPeak) {
        return Json.object()
                .put("usage", Math.max(0, usage))
                .put("usage_peak", Math.max(0, peak))
                .put("swap_usage", Math.max(0, swap))
                .put("swap_usage_peak", Math.max(0, swapPeak));
    }

    /// Of what has a volume, where its driver knows.
    private Json disks(InstanceRecord instance, Expansion expansion) {
        Json.Obj out = Json.object();
        for (DeviceConfig device : Devices.of(expansion)) {
            try {
                usage(instance, device)
                        .ifPresent(
                                bytes -> out.put(device.name(), Json.object().put("usage", bytes)));
            } catch (ErrnoException | DomainException e) {
                LOG.log(Level.DEBUG, "usage is unknown instance=" + instance.name(), e);
            }
        }
        return out;
    }

    private OptionalLong usage(InstanceRecord instance, DeviceConfig device) {
        if (device instanceof DeviceConfig.RootDisk root) {
            return pools.get(root.pool())
                    .usage(VolumeName.container(instance.hostWideName()).current());
        }
        if (device instanceof DeviceConfig.MountedDisk disk && disk.pool().isPresent()) {
            return pools.get(disk.pool().get())
                    .usage(DiskVolumes.volume(pools, instance.project(), disk.source()));
        }
        return OptionalLong.empty();
    }

    private static Json network(InstanceRecord instance, Expansion expansion, Running run) {
        Map<String, String> hostNames = hostNames(instance, expansion);
        Netlink netlink = run.netlink();
        return PlatformThreads.call(() -> {
            List<LinkAddress> addresses = netlink.addresses();
            Json.Obj out = Json.object();
            netlink.links().stream()
                    .sorted(Comparator.comparing(Link::name))
                    .forEach(link -> out.put(link.name(), link(link, addresses, hostNames)));
            return out;
        });
    }

    /// Name inside to name of the host's end.
    private static Map<String, String> hostNames(InstanceRecord instance, Expansion expansion) {
        Map<String, String> out = new HashMap<>();
        for (DeviceConfig device : Devices.of(expansion)) {
            if (device instanceof NicConfig nic) {
                String guestName =
                        nic.guestName().orElse(instance.config(Volatile.guestName(nic.name())));
                out.put(guestName, instance.config(Volatile.hostName(nic.name())));
            }
        }
        return out;
    }

    private static Json link(
            Link link, List<LinkAddress> addresses, Map<String, String> hostNames) {
        Json.Arr own = Json.array();
        for (LinkAddress address : addresses) {
            if (address.linkIndex() == link.index()) {
                own.items().add(address(address));
            }
        }
        String type =
                link.isLoopback()
                        ? "loopback"
                        : link.isPointToPoint() ? "point-to-point" : "broadcast";
        return Json.object()
                .put("addresses", own)
                .put("counters", counters(link.counters()))
                .put("hwaddr", link.isLoopback() ? "" : link.mac().map(Object::toString).orElse(""))
                .put("host_name", hostNames.getOrDefault(link.name(), ""))
                .put("mtu", link.mtu())
                .put("state", link.isUp() ? "up" : "down")
                .put("type", type);
    }

    private static Json address(LinkAddress address) {
        String scope = address.scope().equals("host") ? "local" : address.scope();
        return Json.object()
                .put("family", address.address().isV6() ? "inet6" : "inet")
                .put("address", IpNetwork.text(address.address().address()))
                .put("netmask", Integer.toString(address.address().prefix()))
                .put("scope", scope);
    }

    private static Json counters(Link.Counters c) {
        return Json.object()
                .put("bytes_received", c.bytesReceived())
                .put("bytes_sent", c.bytesSent())
                .put("packets_received", c.packetsReceived())
                .put("packets_sent", c.packetsSent())
                .put("errors_received", c.errorsReceived())
                .put("errors_sent", c.errorsSent())
                .put("packets_dropped_outbound", c.dropsSent())
                .put("packets_dropped_inbound", c.dropsReceived());
    }
}
