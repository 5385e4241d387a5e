package io.atoll.daemon.device.attach;

import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.ProxyConfig;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.runtime.Container;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/// All devices of an instance through its life. The caller holds the instance's lock in every
/// method that changes something.
public final class AttachedDevices {
    private static final Logger LOG = System.getLogger(AttachedDevices.class.getName());

    private final DeviceHost host;

    public AttachedDevices(DeviceHost host) {
        this.host = host;
    }

    private Device device(DeviceConfig config) {
        return switch (config) {
            case DeviceConfig.RootDisk disk -> new RootDevice(disk, host);
            case DeviceConfig.MountedDisk disk -> new DiskDevice(disk, host);
            case DeviceConfig.Tmpfs disk -> new TmpfsDevice(disk);
            case DeviceConfig.None none -> new NoDevice(none);
            case DeviceConfig.UnixNode node -> new UnixDevice(node, host);
            case DeviceConfig.Found found -> new FoundDevice(found, host);
            case DeviceConfig.Infiniband card -> new InfinibandDevice(card, host);
            case DeviceConfig.Tpm tpm -> new TpmDevice(tpm, host);
            case NicConfig nic -> new NicDevice(known(nic), host);
            case ProxyConfig proxy -> new ProxyDevice(proxy, host);
        };
    }

    private NicConfig known(NicConfig nic) {
        return NicNetworks.known(host.networks(), nic);
    }

    private List<DeviceConfig> known(Collection<DeviceConfig> configs) {
        return configs.stream()
                .map(config -> config instanceof NicConfig nic ? known(nic) : config)
                .toList();
    }

    /// Whether a device of a running instance can be made to be as the other is configured, without
    /// being taken away.
    public boolean canBecome(DeviceConfig config, DeviceConfig next) {
        return device(config).canBecome(known(List.of(next)).getFirst());
    }

    /// Looks whether what devices that come or change refer to is there, so that this is said now
    /// and not at the next start.
    ///
    /// @throws InvalidConfigException naming the device
    public void requirePresent(
            Site site, Collection<DeviceConfig> before, Collection<DeviceConfig> after) {
        for (DeviceConfig config : after) {
            if (!before.contains(config)) {
                try {
                    device(config).requirePresent(site);
                } catch (DomainException e) {
                    throw new InvalidConfigException(
                            "Failed add validation for device \""
                                    + config.name()
                                    + "\": "
                                    + e.getMessage(),
                            e);
                }
            }
        }
    }

    /// What the devices add to a start. Changes nothing but the site's memory.
    public StartParts plan(Site site, Collection<DeviceConfig> configs) {
        NicNames.choose(site.memory(), configs);
        StartParts parts = new StartParts();
        configs.forEach(config -> device(config).plan(site, parts));
        return parts;
    }

    /// Whom to ask for names where the first interface at a bridge of ours leads; empty if none is.
    public Optional<NameServers> nameServers(Collection<DeviceConfig> configs) {
        return configs.stream()
                .filter(NicConfig.class::isInstance)
                .flatMap(nic -> known((NicConfig) nic).network().stream())
                .map(host.networks()::find)
                .filter(n -> n.type() == Networks.Network.Type.BRIDGE)
                .map(n ->
                        new NameServers(
                                Stream.of(n.ipv4(), n.ipv6())
                                        .flatMap(Optional::stream)
                                        .map(IpNetwork::address)
                                        .toList(),
                                n.domains()))
                .filter(n -> !n.addresses().isEmpty())
                .findFirst();
    }

    /// Makes what has to be there before the container is made.
    public void beforeStart(Site site, Collection<DeviceConfig> configs, Undo undo) {
        configs.forEach(config -> named(config, () -> device(config).beforeStart(site, undo)));
    }

    /// Completes a container whose first program does not run yet.
    public void beforeInit(
            Site site, Collection<DeviceConfig> configs, Container container, Undo undo) {
        for (DeviceConfig config : configs) {
            named(config, () -> device(config).beforeInit(site, container, undo));
        }
    }

    /// Completes a container whose processes were brought back.
    public void afterRestore(
            Site site, Collection<DeviceConfig> configs, Container container, Undo undo) {
        for (DeviceConfig config : configs) {
            named(config, () -> device(config).afterRestore(site, container, undo));
        }
    }

    /// The first program of the instance runs.
    public void afterStart(Site site, Container container, Collection<DeviceConfig> configs) {
        each(configs, config -> device(config).afterStart(site, container));
    }

    /// Variables that devices of a vendor's file want all programs of the instance to have. A file
    /// that is gone or broken by now has none.
    public static Map<String, String> environment(Map<String, Map<String, String>> devices) {
        Map<String, String> out = new TreeMap<>();
        devices.forEach((name, values) -> {
            String id = values.getOrDefault("id", "");
            if (values.getOrDefault("type", "").equals("gpu") && id.contains("/")) {
                try {
                    out.putAll(CdiSpecs.KERNEL.find(id).environment());
                } catch (InvalidConfigException e) {
                    LOG.log(Level.DEBUG, "no environment of device=" + name, e);
                }
            }
        });
        return out;
    }

    private interface Work {
        void run();
    }

    /// Says which device it was.
    private static void named(DeviceConfig config, Work work) {
        try {
            work.run();
        } catch (ErrnoException | DomainException e) {
            String begin = "Failed to start device \"" + config.name() + "\": ";
            String why = String.valueOf(e.getMessage());
            throw new InternalException(why.startsWith(begin) ? why : begin + why, e);
        }
    }

    /// Makes the devices of a running instance be as wanted. If one of them cannot, all stay as
    /// they were, as far as that is still possible.
    ///
    /// @param undo takes the change back
    /// @throws DomainException naming the device that failed
    public void change(
            Site site,
            Container container,
            Collection<DeviceConfig> configured,
            Collection<DeviceConfig> wanted,
            Undo undo) {
        List<DeviceConfig> before = known(configured);
        List<DeviceConfig> after = known(wanted);
        Map<String, DeviceConfig> old = byName(before);
        Map<String, DeviceConfig> fresh = byName(after);
        NicNames.choose(site.memory(), after);
        List<DiskThrottle> slow = throttles(site, before);
        for (DeviceConfig config : before) {
            DeviceConfig next = fresh.get(config.name());
            if (next == null || !config.equals(next) && !device(config).canBecome(next)) {
                remove(site, container, config, undo);
            }
        }
        for (DeviceConfig config : after) {
            DeviceConfig was = old.get(config.name());
            if (was == null || !was.equals(config) && !device(was).canBecome(config)) {
                add(site, container, config, undo);
            } else if (!was.equals(config)) {
                adapt(site, container, was, config, undo);
            }
        }
        List<DiskThrottle> fresher = throttles(site, after);
        if (!slow.equals(fresher)) {
            undo.add(() -> container.updateThrottles(DiskThrottle.change(fresher, slow)));
            container.updateThrottles(DiskThrottle.change(slow, fresher));
        }
    }

    private static Map<String, DeviceConfig> byName(Collection<DeviceConfig> configs) {
        Map<String, DeviceConfig> out = new LinkedHashMap<>();
        configs.forEach(config -> out.put(config.name(), config));
        return out;
    }

    private List<DiskThrottle> throttles(Site site, Collection<DeviceConfig> configs) {
        List<DiskThrottle> out = new ArrayList<>();
        configs.forEach(config -> device(config).throttle(site).ifPresent(out::add));
        return out;
    }

    private void remove(Site site, Container container, DeviceConfig config, Undo undo) {
        undo.add(() -> attach(site, container, config));
        try {
            device(config).detach(site, container);
        } catch (ErrnoException | DomainException e) {
            throw failed("remove", config, e);
        }
    }

    private void add(Site site, Container container, DeviceConfig config, Undo undo) {
        try {
            attach(site, container, config);
        } catch (ErrnoException | DomainException e) {
            throw failed("add", config, e);
        }
        undo.add(() -> device(config).detach(site, container));
    }

    private void attach(Site site, Container container, DeviceConfig config) {
        try (Undo own = new Undo()) {
            device(config).attach(site, container, own);
            own.keep();
        }
    }

    private void adapt(
            Site site, Container container, DeviceConfig was, DeviceConfig next, Undo undo) {
        try (Undo own = new Undo()) {
            device(was).change(site, container, next, own);
            own.keep();
        } catch (ErrnoException | DomainException e) {
            throw failed("update", next, e);
        }
        undo.add(() -> {
            try (Undo own = new Undo()) {
                device(next).change(site, container, was, own);
                own.keep();
            }
        });
    }

    private static DomainException failed(String verb, DeviceConfig config, RuntimeException e) {
        return new InternalException(
                "Failed to " + verb + " device \"" + config.name() + "\": " + e.getMessage(), e);
    }

    /// Something came to the host or went.
    ///
    /// @return whether a device followed
    public boolean refresh(Site site, Container container, Collection<DeviceConfig> configs) {
        boolean[] followed = new boolean[1];
        each(configs, config -> followed[0] |= device(config).refresh(site, container));
        return followed[0];
    }

    /// Whether something that comes to the host or goes may concern such devices.
    public static boolean mayFollow(Collection<DeviceConfig> configs) {
        return configs.stream()
                .anyMatch(config ->
                        config instanceof DeviceConfig.Found
                                || config instanceof DeviceConfig.UnixNode node
                                        && !node.isRequired());
    }

    /// The daemon was restarted while the instance ran on.
    public void resume(Site site, Container container, Collection<DeviceConfig> configs) {
        each(configs, config -> device(config).resume(site, container));
    }

    /// Others took away rules of the packet filter.
    public void restore(Site site, Collection<DeviceConfig> configs) {
        each(configs, config -> device(config).restore(site));
    }

    /// The last process is gone.
    public void afterStop(Site site, Collection<DeviceConfig> configs) {
        each(configs, config -> device(config).afterStop(site));
    }

    /// The devices are not the instance's any more.
    public void forget(Site site, Collection<DeviceConfig> configs) {
        each(configs, config -> device(config).forget(site));
    }

    /// The devices do not come back.
    public void release(Site site, Collection<DeviceConfig> configs) {
        each(configs, config -> device(config).release(site));
    }

    private interface Step {
        void on(DeviceConfig config);
    }

    /// One that fails must not keep the others from being cleaned up.
    private static void each(Collection<DeviceConfig> configs, Step step) {
        for (DeviceConfig config : configs) {
            try {
                step.on(config);
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "device is not cleaned up device=" + config.name(), e);
            }
        }
    }
}
