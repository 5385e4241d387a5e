package io.atoll.daemon.instance;

import io.atoll.api.ApiPath;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.device.attach.Networks;
import io.atoll.daemon.device.attach.NicNetworks;
import io.atoll.daemon.image.Image;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.network.NetworkUsers;
import io.atoll.daemon.profile.Profile;
import io.atoll.daemon.profile.ProfileUsers;
import io.atoll.daemon.project.ProjectContents;
import io.atoll.daemon.project.ProjectMember;
import io.atoll.daemon.storage.PoolUsers;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Stored;
import io.atoll.runtime.spec.MacAddress;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/// What instances use of profiles, pools, volumes and networks, and how they follow the changes of
/// profiles.
public final class InstanceUses implements ProfileUsers, PoolUsers, ProjectContents {
    private static final Logger LOG = System.getLogger(InstanceUses.class.getName());

    private final InstanceTable table;
    private final InstanceUpdater updater;
    private final Ports.Profiles profiles;

    private final Ports.Pools pools;
    private final Networks networks;
    private final Predicate<RecordKey> isRunning;

    InstanceUses(
            InstanceTable table,
            InstanceUpdater updater,
            Ports ports,
            Predicate<RecordKey> isRunning) {
        this.table = table;
        this.updater = updater;
        this.profiles = ports.profiles();
        this.pools = ports.pools();
        this.networks = ports.networks();
        this.isRunning = isRunning;
    }

    private List<InstanceRecord> withProfile(ProjectName owner, String profile) {
        return table.list().stream().filter(r -> isUser(r, owner, profile)).toList();
    }

    @Override
    public List<String> usersOf(ProjectName project, String profile) {
        return withProfile(project, profile).stream().map(Instances::url).toList();
    }

    @Override
    public void check(ProjectName owner, Profile profile) {
        ConfigKeys.checkProfile(profile.config());
        List<DeviceConfig> devices = Devices.parseAll(profile.devices());
        Devices.requireOneRoot(devices);
        NicNetworks.check(networks, owner, devices);
        for (InstanceRecord instance : withProfile(owner, profile.name())) {
            requireSameRoot(instance, profile);
        }
    }

    /// Where an instance lies is for itself to change: by a move.
    private void requireSameRoot(InstanceRecord instance, Profile next) {
        List<String> before = rootPools(table.expand(instance));
        if (!before.isEmpty() && !rootPools(expand(instance, next)).equals(before)) {
            throw new InvalidConfigException(
                    "At least one instance relies on this profile's root disk device");
        }
    }

    private static List<String> rootPools(Expansion expansion) {
        List<String> pools = new ArrayList<>();
        for (DeviceConfig device : Devices.of(expansion)) {
            if (device instanceof DeviceConfig.RootDisk root) {
                pools.add(root.pool());
            }
        }
        return pools;
    }

    /// An instance with one of its profiles as given.
    private Expansion expand(InstanceRecord instance, Profile changed) {
        return InstanceTable.expand(
                instance,
                name ->
                        name.equals(changed.name())
                                ? new Expansion.Source(changed.config(), changed.devices())
                                : profiles.get(instance.project(), name));
    }

    @Override
    public void rename(Batch batch, ProjectName owner, String profile, String fresh) {
        for (Stored<InstanceRecord> stored : table.store().list(InstanceRecord.KIND)) {
            if (isUser(stored.value(), owner, profile)) {
                batch.replace(
                        InstanceRecord.KIND,
                        stored,
                        stored.value().withProfileNamed(profile, fresh));
            }
        }
        renameInImages(batch, owner, profile, fresh);
        for (Stored<SnapshotRecord> stored : table.store().list(SnapshotRecord.KIND)) {
            if (isUser(stored.value().instance(), owner, profile)) {
                batch.replace(
                        SnapshotRecord.KIND,
                        stored,
                        stored.value().withProfileNamed(profile, fresh));
            }
        }
    }

    /// Images name the profiles of what is made of them.
    private void renameInImages(Batch batch, ProjectName owner, String profile, String fresh) {
        for (Stored<Image> image : table.store().list(Image.KIND)) {
            if (image.value().profiles().contains(profile)
                    && profiles.owner(new ProjectName(image.project())).equals(owner)) {
                batch.replace(Image.KIND, image, image.value().withProfileNamed(profile, fresh));
            }
        }
    }

    private boolean isUser(InstanceRecord instance, ProjectName owner, String profile) {
        return instance.profiles().contains(profile)
                && profiles.owner(instance.project()).equals(owner);
    }

    @Override
    public Map<ProjectName, List<ProjectMember>> membersWith(ProjectName project, Profile next) {
        Map<ProjectName, List<ProjectMember>> out = new LinkedHashMap<>();
        for (InstanceRecord instance : withProfile(project, next.name())) {
            Expansion then = expand(instance, next);
            out.computeIfAbsent(instance.project(), _ -> new ArrayList<>())
                    .add(InstanceTable.member(instance, then));
        }
        return out;
    }

    @Override
    public List<ProjectMember> members(ProjectName project) {
        return table.list(project).stream()
                .map(r -> InstanceTable.member(r, table.expand(r)))
                .toList();
    }

    @Override
    public List<String> changed(ProjectName project, Profile before, Profile after) {
        List<String> failed = new ArrayList<>();
        for (InstanceRecord instance : withProfile(project, after.name())) {
            Expansion old = expand(instance, before);
            try {
                updater.profileChanged(instance.key(), old);
            } catch (RuntimeException e) {
                LOG.log(
                        Level.WARNING,
                        "instance does not follow its profile instance=" + instance.name(),
                        e);
                failed.add(
                        " - Project: "
                                + instance.project()
                                + ", Instance: "
                                + instance.name()
                                + ": "
                                + e.getMessage());
            }
        }
        return failed;
    }

    @Override
    public List<RootVolume> rootVolumes(String pool) {
        List<RootVolume> out = new ArrayList<>();
        for (InstanceRecord instance : table.list()) {
            if (!has(
                    instance,
                    d -> d instanceof DeviceConfig.RootDisk root && root.pool().equals(pool))) {
                continue;
            }
            out.add(new RootVolume(instance.project(), instance.name(), Instances.url(instance)));
            for (SnapshotRecord snapshot : table.snapshots(instance)) {
                out.add(
                        new RootVolume(
                                instance.project(),
                                instance.name() + "/" + snapshot.name(),
                                InstanceView.snapshotUrl(snapshot)));
            }
        }
        return out;
    }

    @Override
    public List<String> usersOfVolume(ProjectName project, String pool, String volume) {
        return users(
                r -> pools.volumeOwner(r.project()).equals(project), d -> isDisk(d, pool, volume));
    }

    @Override
    public boolean isVolumeMounted(ProjectName project, String pool, String volume) {
        return table.list().stream()
                .filter(r -> isRunning.test(r.key()))
                .filter(r -> pools.volumeOwner(r.project()).equals(project))
                .anyMatch(r -> has(r, d -> isDisk(d, pool, volume)));
    }

    private static boolean isDisk(DeviceConfig device, String pool, String volume) {
        return device instanceof DeviceConfig.MountedDisk disk
                && disk.pool().filter(pool::equals).isPresent()
                && disk.source().equals(volume);
    }

    /// The instances with an interface at a network.
    public NetworkUsers ofNetworks() {
        return new NetworkUsers() {
            @Override
            public List<String> usersOf(String network) {
                return users(_ -> true, d -> isAt(d, network));
            }

            @Override
            public Set<String> cardsOf(ProjectName project, String network) {
                Set<String> out = new TreeSet<>();
                for (InstanceRecord instance : table.list(project)) {
                    if (has(instance, d -> isAt(d, network))) {
                        addCards(instance, network, out);
                    }
                }
                return out;
            }
        };
    }

    private static boolean isAt(DeviceConfig device, String network) {
        return device instanceof NicConfig nic && nic.link().equals(network);
    }

    private void addCards(InstanceRecord instance, String network, Set<String> out) {
        for (DeviceConfig device : Devices.of(table.expand(instance))) {
            if (device instanceof NicConfig nic && isAt(nic, network)) {
                out.add(
                        nic.hwaddr()
                                .map(MacAddress::value)
                                .orElse(instance.config(Volatile.hwaddr(nic.name())))
                                .toLowerCase(Locale.ROOT));
            }
        }
    }

    @Override
    public List<String> urls(ProjectName project) {
        return table.list(project).stream().map(r -> ApiPath.of("instances", r.name())).toList();
    }

    private List<String> users(Predicate<InstanceRecord> where, Predicate<DeviceConfig> device) {
        return table.list().stream()
                .filter(where)
                .filter(r -> has(r, device))
                .map(Instances::url)
                .toList();
    }

    /// False for an instance whose devices cannot be read, which uses nothing until that is mended.
    private boolean has(InstanceRecord instance, Predicate<DeviceConfig> device) {
        try {
            return Devices.of(table.expand(instance)).stream().anyMatch(device);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "devices cannot be read instance=" + instance.name(), e);
            return false;
        }
    }
}
