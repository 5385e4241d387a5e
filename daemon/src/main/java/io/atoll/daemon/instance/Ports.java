package io.atoll.daemon.instance;

import io.atoll.base.ProjectName;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.storage.StorageDriver;
import java.util.Optional;

/// What instances need of the other parts of the daemon, as far as they need it.
///
/// @param profiles by project and name
/// @param images what instances are made of
/// @param pools where their volumes lie
/// @param networks what their interfaces are attached to
public record Ports(Profiles profiles, Images images, Pools pools, Networks networks) {
    /// Profiles.
    public interface Profiles {
        /// @throws io.atoll.base.NotFoundException if there is no such profile
        Expansion.Source get(ProjectName project, String name);

        /// The project whose profiles the instances of a project use: its own or the default one.
        ProjectName owner(ProjectName project);
    }

    /// Images.
    public interface Images {
        /// The image that a request names.
        ///
        /// @throws io.atoll.base.NotFoundException if there is none, in LXD's words
        SourceImage find(ProjectName project, ImageQuery query);

        /// Makes the image's volume in a pool; returns at once if it is there.
        void importInto(StorageDriver pool, ProjectName project, SourceImage image);
    }

    /// Storage pools.
    public interface Pools {
        /// @throws io.atoll.base.NotFoundException if there is no such pool
        StorageDriver get(String pool);
    }

    /// Managed networks.
    public interface Networks {
        /// The bridge of a managed network, which is up afterwards.
        ///
        /// @throws io.atoll.base.NotFoundException if there is no such network
        String bridge(String network);

        /// Tells the network's DNS and DHCP server of an interface, with fixed addresses if there
        /// are any.
        void attach(String network, Port port);

        /// Takes that back. Does nothing if it is not known.
        void detach(String network, Port port);

        /// Gives back the addresses that the interface was lent; its instance does not come back.
        void release(String network, Port port);
    }

    /// One interface of an instance at a managed network.
    ///
    /// @param instance host-wide name
    /// @param device name of the device
    /// @param hostname told to DNS
    public record Port(
            String instance,
            String device,
            String hostname,
            MacAddress mac,
            Optional<String> ipv4,
            Optional<String> ipv6) {}
}
