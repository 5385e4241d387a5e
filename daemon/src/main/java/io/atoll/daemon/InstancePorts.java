package io.atoll.daemon;

import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.image.Image;
import io.atoll.daemon.image.ImagePulls;
import io.atoll.daemon.image.Images;
import io.atoll.daemon.image.RemoteSource;
import io.atoll.daemon.instance.ImageQuery;
import io.atoll.daemon.instance.Ports;
import io.atoll.daemon.instance.SourceImage;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.network.NetworkType;
import io.atoll.daemon.network.Networks;
import io.atoll.daemon.network.ParentConfig;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.profile.Profile;
import io.atoll.daemon.profile.Profiles;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.storage.Pools;
import io.atoll.daemon.store.Stored;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import io.atoll.network.BridgeConfig;
import io.atoll.network.StaticHost;
import io.atoll.storage.StorageDriver;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// Connects the instances to the parts of the daemon that they need.
final class InstancePorts {
    private InstancePorts() {}

    static Ports of(
            Projects projects,
            ProjectGate gate,
            Profiles profiles,
            Images images,
            ImagePulls pulls,
            Pools pools,
            Networks networks) {
        return new Ports(
                profiles(projects, profiles),
                images(images, pulls),
                pools(projects, pools),
                networks(projects, networks),
                gate);
    }

    private static Ports.Pools pools(Projects projects, Pools pools) {
        return new Ports.Pools() {
            @Override
            public StorageDriver get(String pool) {
                return pools.driver(pool);
            }

            @Override
            public ProjectName volumeOwner(ProjectName project) {
                return projects.effectiveIfThere(project, Feature.VOLUMES);
            }

            @Override
            public boolean isUnmapped(ProjectName owner, String pool, String volume) {
                return pools.isUnmapped(owner, pool, volume);
            }
        };
    }

    private static Ports.Profiles profiles(Projects projects, Profiles profiles) {
        return new Ports.Profiles() {
            @Override
            public Expansion.Source get(ProjectName project, String name) {
                Profile profile = profiles.get(project, name).value();
                return new Expansion.Source(profile.config(), profile.devices());
            }

            @Override
            public ProjectName owner(ProjectName project) {
                return projects.effectiveIfThere(project, Feature.PROFILES);
            }
        };
    }

    private static Ports.Images images(Images images, ImagePulls pulls) {
        return new Ports.Images() {
            @Override
            public SourceImage find(ProjectName project, ImageQuery query) {
                return source(lookUp(images, project, query));
            }

            @Override
            public SourceImage fetch(
                    ProjectName project, RemoteSource source, Operation operation) {
                return source(pulls.cache(project, source, operation));
            }

            @Override
            public Optional<Response> offered(ProjectName project, String fingerprint) {
                return images.list(project).stream()
                        .map(Stored::value)
                        .filter(i -> i.fingerprint().value().startsWith(fingerprint))
                        .filter(i -> i.isPublic() || i.isCached())
                        .findFirst()
                        .map(images::export);
            }

            @Override
            public void importInto(StorageDriver pool, ProjectName project, SourceImage image) {
                images.ensureIn(
                        pool,
                        project,
                        images.getByFingerprint(project, image.fingerprint().value()).value());
            }
        };
    }

    private static SourceImage source(Image image) {
        return new SourceImage(
                image.fingerprint(), image.architecture(), image.properties(), image.profiles());
    }

    private static io.atoll.daemon.device.attach.Networks networks(
            Projects projects, Networks networks) {
        return new io.atoll.daemon.device.attach.Networks() {
            @Override
            public Network find(ProjectName project, String network) {
                if (!projects.effectiveIfThere(project, Feature.NETWORKS)
                        .equals(ProjectName.DEFAULT)) {
                    throw new NotFoundException("Network not found");
                }
                return find(network);
            }

            @Override
            public Network find(String network) {
                Optional<ParentConfig> parent = networks.parent(network);
                if (parent.isPresent()) {
                    return other(networks.get(network).value().type(), parent.get());
                }
                BridgeConfig config = networks.config(network);
                return new Network(
                        Network.Type.BRIDGE,
                        config.name(),
                        config.mtu().isPresent()
                                ? OptionalInt.of(config.mtu().get())
                                : OptionalInt.empty(),
                        OptionalInt.empty(),
                        false,
                        config.ipv4().address(),
                        config.ipv6().address(),
                        config.neighborProxy(),
                        config.driver() == BridgeConfig.Driver.OPENVSWITCH,
                        config.ipv4().address().isPresent() && config.ipv4().dhcp(),
                        config.ipv6().address().isPresent()
                                && config.ipv6().dhcp()
                                && config.ipv6().isLeased(),
                        domains(config));
            }

            @Override
            public boolean isBridge(String link) {
                return networks.isBridge(link);
            }

            @Override
            public boolean repair() {
                return networks.repair();
            }

            @Override
            public void ensureUp(String network) {
                networks.ensureUp(network);
            }

            @Override
            public InetAddress choose(String network, Port port, boolean isV6) {
                return networks.keepAddress(network, host(port), isV6);
            }

            @Override
            public void register(String network, Port port) {
                networks.putStaticHost(network, host(port));
                if (port.isSilent()) {
                    port.ipv4()
                            .ifPresent(address ->
                                    networks.putName(network, key(port), port.hostname(), address));
                }
            }

            @Override
            public void unregister(String network, Port port) {
                networks.removeStaticHost(network, key(port));
            }

            @Override
            public void announce(String network, String key, List<IpNetwork> routes) {
                networks.announcements().put(key, network, routes);
            }

            @Override
            public void withdraw(String key) {
                networks.announcements().remove(key);
            }

            @Override
            public void release(String network, Port port) {
                networks.releaseLeases(network, MacAddress.of(port.mac().bytes()));
            }
        };
    }

    private static List<String> domains(BridgeConfig config) {
        String all = config.dnsSearch().isEmpty() ? config.dnsDomain() : config.dnsSearch();
        return Stream.of(all.split(",")).map(String::strip).filter(d -> !d.isEmpty()).toList();
    }

    private static io.atoll.daemon.device.attach.Networks.Network other(
            NetworkType type, ParentConfig parent) {
        return new io.atoll.daemon.device.attach.Networks.Network(
                io.atoll.daemon.device.attach.Networks.Network.Type.valueOf(type.name()),
                parent.parent(),
                parent.mtu(),
                parent.vlan(),
                parent.isAnnounced(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                false,
                false,
                List.of());
    }

    private static StaticHost host(io.atoll.daemon.device.attach.Networks.Port port) {
        return new StaticHost(
                key(port),
                MacAddress.of(port.mac().bytes()),
                port.ipv4().map(Inet4Address.class::cast),
                port.ipv6().map(Inet6Address.class::cast),
                Optional.of(port.hostname()));
    }

    private static String key(io.atoll.daemon.device.attach.Networks.Port port) {
        return port.instance() + "." + port.device();
    }

    private static Image lookUp(Images images, ProjectName project, ImageQuery query) {
        if (!query.alias().isEmpty()) {
            return images.getByAlias(project, query.alias()).value();
        }
        if (!query.fingerprint().isEmpty()) {
            return images.getByFingerprint(project, query.fingerprint()).value();
        }
        return images.getByProperties(project, query.properties()).value();
    }
}
