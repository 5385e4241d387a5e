package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.instance.compile.LxcfsFiles;
import io.atoll.daemon.instance.compile.NicPlan;
import io.atoll.daemon.instance.compile.SpecCompiler;
import io.atoll.daemon.instance.compile.SpecInputs;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.FileStat;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.storage.RootfsLayers;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;

/// Works out what a start of an instance would do, and changes nothing.
final class Preparation {
    /// Where upstream's lxcfs and ours are mounted by their service units.
    private static final LxcfsFiles LXCFS =
            new LxcfsFiles(Path.of(System.getenv().getOrDefault("ATOLL_LXCFS", "/var/lib/lxcfs")));

    private final InstanceTable table;
    private final Ports ports;
    private final InstancePaths paths;
    private final SpecCompiler compiler;

    Preparation(InstanceTable table, Ports ports, InstancePaths paths, SpecCompiler compiler) {
        this.table = table;
        this.ports = ports;
        this.paths = paths;
        this.compiler = compiler;
    }

    /// A start, worked out.
    ///
    /// @param config the instance's own keys as they are to be recorded at the start
    /// @param spec for the runtime
    record Prepared(
            InstanceRecord instance,
            Expansion expansion,
            Map<String, String> config,
            Idmap idmap,
            StorageDriver pool,
            VolumeName volume,
            List<NicPlan> nics,
            ContainerSpec spec) {}

    /// @throws io.atoll.base.DomainException if it cannot start as it is configured
    Prepared prepare(InstanceRecord instance) {
        Expansion expansion = table.expand(instance);
        InstanceConfig config = expansion.typed();
        List<DeviceConfig> devices = Devices.parseAll(expansion.devices());
        DeviceConfig.RootDisk root = Devices.root(devices);
        StorageDriver pool = ports.pools().get(root.pool());
        VolumeName volume = VolumeName.container(instance.hostWideName());
        Idmap idmap = IdmapJson.parse(instance.config(ConfigKeys.IDMAP_NEXT.name()));
        Map<String, String> own = new TreeMap<>(instance.config());
        List<NicPlan> nics = nics(devices, own);
        SpecInputs inputs =
                new SpecInputs(
                        instance.hostWideName(),
                        paths.cgroup(instance),
                        instance.name(),
                        config,
                        resolve(devices, instance, idmap),
                        nics,
                        idmap,
                        pool.layers(volume.current(), idmap),
                        config.is(ConfigKeys.NESTING) ? pool.nestedDirectories(volume) : List.of(),
                        config.is(ConfigKeys.LXCFS, true) ? LXCFS.mounts() : List.of(),
                        paths.consoleLog(instance));
        ContainerSpec spec = compiler.compile(inputs);
        String ids = IdmapJson.render(idmap);
        own.put(ConfigKeys.IDMAP_CURRENT.name(), ids);
        own.put(ConfigKeys.LAST_STATE_IDMAP.name(), ids);
        own.put(ConfigKeys.LAST_STATE_POWER.name(), "RUNNING");
        own.remove(ConfigKeys.APPLY_TEMPLATE.name());
        return new Prepared(instance, expansion, own, idmap, pool, volume, nics, spec);
    }

    /// Decides names and addresses of the interfaces and notes in `own` what has to be remembered.
    private List<NicPlan> nics(List<DeviceConfig> devices, Map<String, String> own) {
        List<DeviceConfig.BridgedNic> all = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (DeviceConfig device : devices) {
            if (device instanceof DeviceConfig.BridgedNic nic) {
                all.add(nic);
                nic.guestName()
                        .or(() -> remembered(own, Volatile.guestName(nic.name())))
                        .ifPresent(taken::add);
            }
        }
        List<NicPlan> out = new ArrayList<>();
        for (DeviceConfig.BridgedNic nic : all) {
            out.add(nic(nic, own, taken));
        }
        return out;
    }

    private NicPlan nic(DeviceConfig.BridgedNic nic, Map<String, String> own, Set<String> taken) {
        String guestName =
                nic.guestName()
                        .or(() -> remembered(own, Volatile.guestName(nic.name())))
                        .orElseGet(() -> freeName(taken));
        taken.add(guestName);
        if (nic.guestName().isEmpty()) {
            own.put(Volatile.guestName(nic.name()), guestName);
        }
        MacAddress mac =
                nic.hwaddr()
                        .or(() -> remembered(own, Volatile.hwaddr(nic.name())).map(MacAddress::new))
                        .orElseGet(() -> Volatile.randomMac(ThreadLocalRandom.current()));
        if (nic.hwaddr().isEmpty()) {
            own.put(Volatile.hwaddr(nic.name()), mac.value());
        }
        String hostName =
                nic.hostName()
                        .orElseGet(() -> Volatile.randomHostName(ThreadLocalRandom.current()));
        own.put(Volatile.hostName(nic.name()), hostName);
        String bridge = nic.isManaged() ? ports.networks().bridge(nic.bridge()) : nic.bridge();
        return new NicPlan(nic, bridge, guestName, hostName, mac);
    }

    private static String freeName(Set<String> taken) {
        for (int i = 0; ; i++) {
            if (!taken.contains("eth" + i)) {
                return "eth" + i;
            }
        }
    }

    private static Optional<String> remembered(Map<String, String> own, String key) {
        return Optional.ofNullable(own.get(key)).filter(v -> !v.isEmpty());
    }

    /// Replaces what names things of the host by what they are now: volumes by paths, nodes by
    /// their numbers.
    private List<DeviceConfig> resolve(
            List<DeviceConfig> devices, InstanceRecord instance, Idmap idmap) {
        List<DeviceConfig> out = new ArrayList<>();
        for (DeviceConfig device : devices) {
            switch (device) {
                case DeviceConfig.MountedDisk disk when disk.pool().isPresent() ->
                        out.add(volume(disk, disk.pool().get(), instance, idmap));
                case DeviceConfig.UnixNode node -> node(node).ifPresent(out::add);
                case DeviceConfig.MountedDisk _,
                        DeviceConfig.RootDisk _,
                        DeviceConfig.BridgedNic _,
                        DeviceConfig.None _ ->
                        out.add(device);
            }
        }
        return out;
    }

    private DeviceConfig volume(
            DeviceConfig.MountedDisk disk, String pool, InstanceRecord instance, Idmap idmap) {
        VolumeName volume = VolumeName.custom(instance.project().value() + "_" + disk.source());
        RootfsLayers layers = ports.pools().get(pool).layers(volume.current(), idmap);
        if (!(layers instanceof RootfsLayers.Directory directory)) {
            throw new InvalidConfigException(
                    "Failed to start device \"" + disk.name() + "\": volume is no directory");
        }
        return new DeviceConfig.MountedDisk(
                disk.name(),
                directory.path().toString(),
                Optional.empty(),
                disk.guestPath(),
                disk.isReadOnly(),
                disk.isRecursive(),
                disk.isRequired(),
                directory.ids() == RootfsLayers.Ids.UNSHIFTED,
                disk.propagation(),
                disk.mountOptions());
    }

    private static Optional<DeviceConfig> node(DeviceConfig.UnixNode node) {
        if (node.source().isEmpty()) {
            return Optional.of(node);
        }
        FileStat found;
        try {
            found = FileStat.of(node.source().get().toString());
        } catch (ErrnoException e) {
            if (!node.isRequired()) {
                return Optional.empty();
            }
            throw new InvalidConfigException(
                    "Failed to start device \""
                            + node.name()
                            + "\": Required device not present: "
                            + node.source().get(),
                    e);
        }
        FileStat.Type wanted =
                node.isBlock() ? FileStat.Type.BLOCK_DEVICE : FileStat.Type.CHAR_DEVICE;
        if (found.type() != wanted) {
            throw new InvalidConfigException(
                    "Failed to start device \""
                            + node.name()
                            + "\": "
                            + node.source().get()
                            + " is no "
                            + (node.isBlock() ? "block" : "character")
                            + " device");
        }
        return Optional.of(
                new DeviceConfig.UnixNode(
                        node.name(),
                        node.isBlock(),
                        Optional.empty(),
                        node.guestPath(),
                        OptionalInt.of(FileStat.major(found.rdev())),
                        OptionalInt.of(FileStat.minor(found.rdev())),
                        node.uid(),
                        node.gid(),
                        node.mode().isPresent() ? node.mode() : OptionalInt.of(found.mode() & 0777),
                        node.isRequired()));
    }
}
