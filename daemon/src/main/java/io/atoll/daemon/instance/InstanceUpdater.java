package io.atoll.daemon.instance;

import io.atoll.base.ByteSize;
import io.atoll.base.DomainException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.device.attach.NicNetworks;
import io.atoll.daemon.device.attach.Site;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.instance.compile.HostResources;
import io.atoll.daemon.instance.compile.LimitsCompiler;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.CpuLimit;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.store.RecordKey;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Changes what an instance is configured to be, and what of it can be changed while it runs.
final class InstanceUpdater {
    /// Keys whose change asks for a new choice of ids.
    private static final List<String> ID_KEYS =
            List.of(
                    ConfigKeys.IDMAP_ISOLATED.name(),
                    ConfigKeys.IDMAP_SIZE.name(),
                    ConfigKeys.IDMAP_BASE.name(),
                    ConfigKeys.RAW_IDMAP.name(),
                    ConfigKeys.PRIVILEGED.name());

    /// What the daemon knows of the instance's ids and a client must hand back as it was.
    private static final List<String> GUARDED_KEYS =
            List.of(
                    ConfigKeys.IDMAP_BASE_USED.name(),
                    ConfigKeys.IDMAP_CURRENT.name(),
                    ConfigKeys.IDMAP_NEXT.name(),
                    ConfigKeys.LAST_STATE_IDMAP.name());

    private final InstanceTable table;
    private final InstanceLocks locks;
    private final InstanceIds ids;
    private final InstanceRunner runner;
    private final Ports ports;
    private final AttachedDevices attached;
    private final HostResources host;
    private final CpuBalancer balancer;
    private final InstanceGuests guests;
    private final NicConflicts conflicts;
    private final Events events;
    private final LoadedProfiles profiles;
    private final InstancePaths paths;

    InstanceUpdater(
            InstanceTable table,
            InstanceLocks locks,
            InstanceIds ids,
            InstanceRunner runner,
            Ports ports,
            AttachedDevices attached,
            HostResources host,
            CpuBalancer balancer,
            InstanceGuests guests,
            Events events,
            LoadedProfiles profiles,
            InstancePaths paths) {
        this.table = table;
        this.locks = locks;
        this.ids = ids;
        this.runner = runner;
        this.ports = ports;
        this.attached = attached;
        this.host = host;
        this.balancer = balancer;
        this.guests = guests;
        this.conflicts = new NicConflicts(table);
        this.events = events;
        this.profiles = profiles;
        this.paths = paths;
    }

    /// @throws InternalException if the new configuration is not valid; LXD answers 500 there, with
    ///   these words
    void update(RecordKey key, InstanceChange change) {
        try (InstanceLocks.Held _ = locks.hold(key, "update")) {
            InstanceRecord before = table.get(new ProjectName(key.project()), key.name());
            InstanceRecord wanted = change.applyTo(before);
            checkNotes(before, wanted);
            apply(
                    key,
                    before,
                    wanted.withConfig(config ->
                            withOwn(
                                    key,
                                    Volatile.withNotes(config, before.config()),
                                    before.config())));
        } catch (ForbiddenException e) {
            throw new ForbiddenException(
                    "Failed checking if instance update allowed: " + e.getMessage(), e);
        }
        ProjectName project = new ProjectName(key.project());
        events.publishLifecycle(
                Lifecycle.of("instance-updated", InstanceView.url(project, key.name()), project));
    }

    private void apply(RecordKey key, InstanceRecord before, InstanceRecord wanted) {
        Expansion old = table.expand(before);
        Expansion expansion = table.expand(wanted);
        check(wanted, expansion);
        table.checkAdmission(wanted, expansion);
        List<DeviceConfig> devices = Devices.of(expansion);
        checkNetworks(wanted, Devices.of(old), devices);
        DiskVolumes.check(ports.pools(), wanted.project(), devices);
        DeviceConfig.RootDisk root = checkRoot(old, devices);
        Optional<Running> run = runner.find(key);
        if (run.isEmpty()) {
            attached.requirePresent(Sites.of(wanted), Devices.of(old), devices);
        }
        requireOwnAddresses(wanted, Devices.of(old), devices);
        InstanceRecord tidy = wanted.withConfig(config -> withAddresses(config, old, expansion));
        boolean hasNewIds =
                ID_KEYS.stream()
                        .anyMatch(k ->
                                !Objects.equals(old.config().get(k), expansion.config().get(k)));
        try (Undo undo = new Undo()) {
            applyToVolume(before, old, root, undo);
            if (run.isPresent()) {
                changeProfile(before, old, expansion, undo);
            }
            InstanceRecord told =
                    run.isPresent()
                            ? changeDevices(before, tidy, run.get(), old, expansion, undo)
                            : tidy;
            run.ifPresent(r -> changeLimits(key, r, old, expansion, undo));
            if (hasNewIds) {
                ids.allocate(
                        key,
                        expansion.typed(),
                        ids -> record(key, told.withConfig(c -> with(c, Volatile.ofIds(ids)))));
            } else {
                record(key, told);
            }
            undo.keep();
        }
        forgetDevices(before, old, expansion);
        run.ifPresent(_ -> changed(wanted, old, expansion));
    }

    private void requireOwnAddresses(
            InstanceRecord wanted, List<DeviceConfig> before, List<DeviceConfig> after) {
        for (DeviceConfig device : after) {
            if (device instanceof NicConfig nic && !before.contains(nic)) {
                boolean stays =
                        before.stream()
                                .filter(old -> old.name().equals(nic.name()))
                                .anyMatch(old -> attached.canBecome(old, nic));
                conflicts.check(stays ? "update" : "add", wanted, nic);
            }
        }
    }

    /// Without what makes an instance another one, if it is the configuration of another one as a
    /// whole: that is what LXD's client hands the target of a refresh, and of two with the same
    /// address only one could run. An address that somebody sets by itself is taken.
    private Map<String, String> withOwn(
            RecordKey key, Map<String, String> wanted, Map<String, String> own) {
        String uuid = ConfigKeys.INSTANCE_UUID.name();
        String ours = own.getOrDefault(uuid, "");
        String given = wanted.getOrDefault(uuid, "");
        if (ours.isEmpty() || given.isEmpty() || given.equals(ours)) {
            return wanted;
        }
        wanted.put(uuid, ours);
        wanted.replaceAll((name, value) -> {
            String before = own.getOrDefault(name, "");
            boolean keeps =
                    Volatile.isHwaddr(name)
                            && !before.isEmpty()
                            && !before.equals(value)
                            && conflicts.isTaken(key, value);
            return keeps ? before : value;
        });
        return wanted;
    }

    private void record(RecordKey key, InstanceRecord value) {
        table.update(key, now -> value.withLastUsedAt(now.lastUsedAt()));
    }

    private static Map<String, String> with(Map<String, String> config, Map<String, String> more) {
        config.putAll(more);
        return config;
    }

    /// Those that the instance has not are passed over: LXD's client hands the target of a refresh
    /// what its source has.
    ///
    /// @throws InternalException if the ids are not handed back as they were
    private static void checkNotes(InstanceRecord before, InstanceRecord wanted) {
        for (String guarded : GUARDED_KEYS) {
            String own = before.config(guarded);
            if (own.isEmpty()) {
                continue;
            }
            if (!wanted.config().containsKey(guarded)) {
                throw new InternalException("Volatile idmap keys can't be deleted by the user");
            }
            if (!own.equals(wanted.config(guarded))) {
                throw new InternalException("Volatile idmap keys can't be changed by the user");
            }
        }
    }

    private static void check(InstanceRecord wanted, Expansion expansion) {
        try {
            ConfigKeys.checkContainer(wanted.config());
            ConfigKeys.checkContainer(expansion.config());
        } catch (InvalidConfigException | UnsupportedException e) {
            throw new InternalException("Invalid config: " + e.getMessage(), e);
        }
        try {
            Devices.parseAll(wanted.devices());
            Devices.requireApart(Devices.of(expansion));
        } catch (InvalidConfigException | UnsupportedException e) {
            throw new InternalException("Invalid devices: " + e.getMessage(), e);
        }
    }

    private void checkNetworks(
            InstanceRecord wanted, List<DeviceConfig> before, List<DeviceConfig> after) {
        try {
            List<DeviceConfig> fresh = after.stream().filter(d -> !before.contains(d)).toList();
            NicNetworks.check(ports.networks(), wanted.project(), fresh);
        } catch (NotFoundException e) {
            throw new NotFoundException("Invalid devices: " + e.getMessage(), e);
        } catch (InvalidConfigException e) {
            throw new InternalException("Invalid devices: " + e.getMessage(), e);
        }
    }

    private static DeviceConfig.RootDisk checkRoot(Expansion old, List<DeviceConfig> devices) {
        DeviceConfig.RootDisk root;
        try {
            root = Devices.root(devices);
        } catch (InvalidConfigException e) {
            throw new InternalException("Invalid root disk device: " + e.getMessage(), e);
        }
        String pool = Devices.root(Devices.of(old)).pool();
        if (!pool.equals(root.pool())) {
            throw new InternalException(
                    "Cannot update root disk device pool name to \"" + root.pool() + "\"");
        }
        return root;
    }

    /// Makes the devices of a running instance follow.
    ///
    /// @param before the record so far, which remembers what devices that go were given
    /// @return the record with what the devices have to remember
    private InstanceRecord changeDevices(
            InstanceRecord before,
            InstanceRecord wanted,
            Running run,
            Expansion old,
            Expansion expansion,
            Undo undo) {
        Site site = Sites.of(wanted);
        before.config()
                .forEach((key, value) -> {
                    if (key.startsWith("volatile.")) {
                        site.memory().putIfAbsent(key, value);
                    }
                });
        attached.change(site, run.container(), Devices.of(old), Devices.of(expansion), undo);
        return wanted.withConfig(_ -> withAddresses(site.memory(), old, expansion));
    }

    private void changeProfile(
            InstanceRecord instance, Expansion old, Expansion expansion, Undo undo) {
        profiles.change(
                paths.profile(instance),
                Instances.currentIds(instance),
                old.typed(),
                expansion.typed(),
                undo);
    }

    /// Lets the rest of the host forget devices that are not part of the instance any more.
    private void forgetDevices(InstanceRecord before, Expansion old, Expansion expansion) {
        Map<String, Map<String, String>> gone = new TreeMap<>(old.devices());
        gone.keySet().removeAll(expansion.devices().keySet());
        List<DeviceConfig> configs = Devices.parseAll(gone);
        Site site = Sites.of(before);
        attached.forget(site, configs);
        attached.release(site, configs);
    }

    /// Adds addresses for new interfaces and forgets what was remembered of devices that are gone.
    private static Map<String, String> withAddresses(
            Map<String, String> config, Expansion old, Expansion expansion) {
        Set<String> gone = new TreeSet<>(old.devices().keySet());
        gone.removeAll(expansion.devices().keySet());
        config.keySet()
                .removeIf(k ->
                        gone.stream().anyMatch(device -> k.startsWith("volatile." + device + ".")));
        InstanceCreator.putAddresses(config, expansion);
        return config;
    }

    private void applyToVolume(
            InstanceRecord instance, Expansion old, DeviceConfig.RootDisk root, Undo undo) {
        Optional<ByteSize> before = Devices.root(Devices.of(old)).size();
        if (!before.equals(root.size())) {
            StorageDriver pool = ports.pools().get(root.pool());
            VolumeName volume = VolumeName.container(instance.hostWideName());
            pool.setQuota(volume, bytes(root.size()));
            undo.add(() -> pool.setQuota(volume, bytes(before)));
        }
    }

    private static OptionalLong bytes(Optional<ByteSize> size) {
        return size.isPresent() ? OptionalLong.of(size.get().bytes()) : OptionalLong.empty();
    }

    private void changeLimits(
            RecordKey key, Running run, Expansion old, Expansion expansion, Undo undo) {
        if (!limits(old).equals(limits(expansion))) {
            // Some may be in force when the next is refused.
            undo.add(() -> applyLimits(key, run, old));
            try {
                applyLimits(key, run, expansion);
            } catch (DomainException e) {
                throw new InternalException(
                        "Failed to apply limits to " + key.name() + ": " + e.getMessage(), e);
            }
        }
    }

    private void applyLimits(RecordKey key, Running run, Expansion expansion) {
        CpuLimit cpus = expansion.typed().get(ConfigKeys.CPU).orElse(CpuLimit.ALL);
        LimitsCompiler compiler = new LimitsCompiler(host, balancer.choose(key, cpus));
        run.container().updateLimits(compiler.compile(expansion.typed()));
    }

    /// Tells the instance, and those that share processors with it, once the change is recorded.
    private void changed(InstanceRecord instance, Expansion old, Expansion expansion) {
        if (!limits(old).equals(limits(expansion))) {
            balancer.hostChanged();
        }
        guests.changed(instance, old, expansion);
    }

    private static Map<String, String> limits(Expansion expansion) {
        return expansion.config().entrySet().stream()
                .filter(e -> e.getKey().startsWith("limits."))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /// A profile of this instance changed: applies what can be applied while it runs and gives new
    /// interfaces addresses.
    void profileChanged(RecordKey key, Expansion old) {
        try (InstanceLocks.Held _ = locks.hold(key, "update")) {
            InstanceRecord instance = table.get(new ProjectName(key.project()), key.name());
            Expansion expansion = table.expand(instance);
            InstanceRecord tidy =
                    instance.withConfig(config -> withAddresses(config, old, expansion));
            Optional<Running> run = runner.find(key);
            try (Undo undo = new Undo()) {
                if (run.isPresent()) {
                    changeProfile(instance, old, expansion, undo);
                }
                InstanceRecord told =
                        run.isPresent()
                                ? changeDevices(instance, tidy, run.get(), old, expansion, undo)
                                : tidy;
                run.ifPresent(r -> changeLimits(key, r, old, expansion, undo));
                record(key, told);
                undo.keep();
            }
            forgetDevices(instance, old, expansion);
            run.ifPresent(_ -> changed(instance, old, expansion));
        }
    }
}
