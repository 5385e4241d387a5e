package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.device.attach.Site;
import io.atoll.daemon.instance.compile.LxcfsFiles;
import io.atoll.daemon.instance.compile.SpecCompiler;
import io.atoll.daemon.instance.compile.SpecInputs;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.CpuLimit;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.IdmapJson;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Works out what a start of an instance would do, and changes nothing.
final class Preparation {
    /// Where upstream's lxcfs and ours are mounted by their service units.
    private static final LxcfsFiles LXCFS =
            new LxcfsFiles(Path.of(System.getenv().getOrDefault("ATOLL_LXCFS", "/var/lib/lxcfs")));

    private final InstanceTable table;
    private final Ports ports;
    private final InstancePaths paths;
    private final SpecCompiler compiler;
    private final AttachedDevices attached;
    private final CpuBalancer balancer;

    private final NicConflicts conflicts;

    Preparation(
            InstanceTable table,
            Ports ports,
            InstancePaths paths,
            SpecCompiler compiler,
            AttachedDevices attached,
            CpuBalancer balancer) {
        this.attached = attached;
        this.balancer = balancer;
        this.table = table;
        this.ports = ports;
        this.paths = paths;
        this.compiler = compiler;
        this.conflicts = new NicConflicts(table);
    }

    /// A start, worked out.
    ///
    /// @param config the instance's own keys as they are to be recorded at the start
    /// @param devices expanded
    /// @param site what the devices know of it; its memory is `config`
    /// @param spec for the runtime
    record Prepared(
            InstanceRecord instance,
            Expansion expansion,
            Map<String, String> config,
            Idmap idmap,
            StorageDriver pool,
            VolumeName volume,
            List<DeviceConfig> devices,
            Site site,
            ContainerSpec spec) {}

    private List<MountSpec> views(InstanceRecord instance, InstanceConfig config) {
        List<MountSpec> out = new ArrayList<>();
        out.add(InstanceGuests.mount(paths, instance));
        if (config.is(ConfigKeys.LXCFS, true)) {
            out.addAll(LXCFS.mounts());
        }
        return out;
    }

    /// @throws io.atoll.base.DomainException if it cannot start as it is configured
    Prepared prepare(InstanceRecord instance) {
        Expansion expansion = table.expand(instance);
        InstanceConfig config = expansion.typed();
        List<DeviceConfig> devices = Devices.of(expansion);
        conflicts.checkStart(instance, devices);
        DeviceConfig.RootDisk root = Devices.root(devices);
        StorageDriver pool = ports.pools().get(root.pool());
        VolumeName volume = VolumeName.container(instance.hostWideName());
        Idmap idmap = IdmapJson.parse(instance.config(ConfigKeys.IDMAP_NEXT.name()));
        Map<String, String> own = new TreeMap<>(instance.config());
        Site site =
                new Site(instance.hostWideName(), instance.project(), instance.name(), idmap, own);
        SpecInputs inputs =
                new SpecInputs(
                        instance.hostWideName(),
                        paths.cgroup(instance),
                        instance.name(),
                        instance.architecture(),
                        config,
                        balancer.choose(
                                instance.key(), config.get(ConfigKeys.CPU).orElse(CpuLimit.ALL)),
                        attached.plan(site, devices),
                        idmap,
                        pool.layers(volume.current(), idmap),
                        config.is(ConfigKeys.NESTING) ? pool.nestedDirectories(volume) : List.of(),
                        views(instance, config),
                        AppArmor.probe(),
                        paths.profiles(),
                        paths.profile(instance),
                        paths.consoleLog(instance));
        ContainerSpec spec = compiler.compile(inputs);
        String ids = IdmapJson.render(idmap);
        own.put(ConfigKeys.IDMAP_CURRENT.name(), ids);
        own.put(ConfigKeys.LAST_STATE_IDMAP.name(), ids);
        own.put(ConfigKeys.LAST_STATE_POWER.name(), "RUNNING");
        own.remove(ConfigKeys.APPLY_TEMPLATE.name());
        return new Prepared(instance, expansion, own, idmap, pool, volume, devices, site, spec);
    }
}
