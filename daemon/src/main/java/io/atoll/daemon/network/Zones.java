package io.atoll.daemon.network;

import io.atoll.base.BusyException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.dns.ServedZone;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import io.atoll.daemon.store.Stored;
import io.atoll.network.BridgeConfig;
import io.atoll.network.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// The records of DNS zones, and what is served of them. A zone is one project's, its name is taken
/// for all.
public final class Zones implements ServedZone.Source {
    private static final List<String> KEYS =
            List.of(ZoneContent.FORWARD, ZoneContent.REVERSE.get(0), ZoneContent.REVERSE.get(1));

    private final Store store;
    private final Function<BridgeConfig, List<Lease>> leases;

    /// @param leases what is in use on a bridge
    Zones(Store store, Function<BridgeConfig, List<Lease>> leases) {
        this.store = store;
        this.leases = leases;
    }

    /// The zones of a project.
    List<NetworkZone> all(ProjectName project) {
        return stored(project).stream().map(Stored::value).toList();
    }

    private List<Stored<NetworkZone>> stored(ProjectName project) {
        return store.list(NetworkZone.KIND).stream()
                .filter(zone -> zone.value().project().equals(project))
                .toList();
    }

    /// Adds the end of a project's zones to a batch.
    ///
    /// @throws BusyException if a network has one of them
    void remove(Batch batch, ProjectName project) {
        for (Stored<NetworkZone> zone : stored(project)) {
            if (!users(zone.name()).isEmpty()) {
                throw new BusyException(
                        "Only empty projects can be removed: zone \""
                                + zone.name()
                                + "\" is in use by a network");
            }
            batch.delete(NetworkZone.KIND, zone);
        }
    }

    /// Adds the move of a project's zones to a batch.
    void rename(Batch batch, ProjectName project, ProjectName fresh) {
        for (Stored<NetworkZone> zone : stored(project)) {
            batch.replace(NetworkZone.KIND, zone, zone.value().in(fresh));
        }
    }

    private Optional<Stored<NetworkZone>> stored(String name) {
        return store.find(NetworkZone.KIND, RecordKey.global(name));
    }

    Stored<NetworkZone> get(ProjectName project, String name) {
        return stored(name)
                .filter(zone -> zone.value().project().equals(project))
                .orElseThrow(() -> new NotFoundException("Network zone not found"));
    }

    private static boolean names(Network network, String zone) {
        return KEYS.stream()
                .anyMatch(key -> ZoneContent.zones(network.config(), key).contains(zone));
    }

    /// The networks whose addresses are in the zone.
    List<String> users(String zone) {
        return networks().stream().filter(n -> names(n, zone)).map(Network::name).toList();
    }

    private List<Network> networks() {
        return store.list(Network.KIND).stream().map(Stored::value).toList();
    }

    /// @throws InvalidConfigException if the network names a zone that is not there
    void check(Network network) {
        for (String key : KEYS) {
            for (String zone : ZoneContent.zones(network.config(), key)) {
                if (stored(zone).isEmpty()) {
                    throw new InvalidConfigException(
                            "Invalid value for network \""
                                    + network.name()
                                    + "\" option \""
                                    + key
                                    + "\": Network zone \""
                                    + zone
                                    + "\" does not exist");
                }
            }
        }
    }

    void create(NetworkZone zone) {
        zone.check();
        if (stored(zone.name()).isPresent()) {
            throw new InvalidConfigException("The network zone already exists");
        }
        store.create(NetworkZone.KIND, RecordKey.global(zone.name()), zone);
    }

    void change(Stored<NetworkZone> read, NetworkZone wanted) {
        wanted.check();
        store.commit(new Batch().replace(NetworkZone.KIND, read, wanted));
    }

    void delete(Stored<NetworkZone> read) {
        if (!users(read.name()).isEmpty()) {
            throw new InvalidConfigException("Cannot delete a zone that is in use");
        }
        store.commit(new Batch().delete(NetworkZone.KIND, read));
    }

    @Override
    public Optional<ServedZone> find(String name) {
        return stored(name).map(Stored::value).map(this::served);
    }

    private ServedZone served(NetworkZone zone) {
        List<ZoneContent.Bridge> bridges = new ArrayList<>();
        for (Network network : networks()) {
            if (network.type() == NetworkType.BRIDGE && names(network, zone.name())) {
                BridgeConfig config = BridgeConfig.parse(network.name(), network.config());
                bridges.add(new ZoneContent.Bridge(config, network.config(), leases.apply(config)));
            }
        }
        return new ServedZone(
                zone.name(), zone.nameservers(), zone.peers(), ZoneContent.of(zone, bridges));
    }
}
