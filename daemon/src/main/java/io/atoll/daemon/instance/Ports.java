package io.atoll.daemon.instance;

import io.atoll.base.ProjectName;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.attach.Networks;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.image.RemoteSource;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.project.ProjectGate;
import io.atoll.storage.StorageDriver;
import java.util.Optional;

/// What instances need of the other parts of the daemon, as far as they need it.
///
/// @param profiles by project and name
/// @param images what instances are made of
/// @param pools where their volumes lie
/// @param networks what their interfaces are attached to
/// @param projects what their projects let them be
public record Ports(
        Profiles profiles, Images images, Pools pools, Networks networks, ProjectGate projects) {
    /// The pool that an instance's root disk names.
    ///
    /// @throws io.atoll.base.NotFoundException if there is no such pool
    StorageDriver rootPool(Expansion expansion) {
        return pools.get(Devices.root(Devices.of(expansion)).pool());
    }

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

        /// Brings the image from another server, unless it is here. Blocks, possibly long.
        ///
        /// @param operation shows the progress
        /// @throws io.atoll.base.UnavailableException naming the host that does not give it
        SourceImage fetch(ProjectName project, RemoteSource source, Operation operation);

        /// The files of an image of the project that anybody may have, or that came along with an
        /// instance.
        Optional<Response> offered(ProjectName project, String fingerprint);

        /// Makes the image's volume in a pool; returns at once if it is there.
        void importInto(StorageDriver pool, ProjectName project, SourceImage image);
    }

    /// Storage pools.
    public interface Pools {
        /// @throws io.atoll.base.NotFoundException if there is no such pool
        StorageDriver get(String pool);

        /// The project whose custom volumes the instances of a project use: its own or the default
        /// one.
        default ProjectName volumeOwner(ProjectName project) {
            return project;
        }

        /// Whether the owner ids of a custom volume's files are those of the host
        /// (`security.unmapped`).
        ///
        /// @param owner see [#volumeOwner]
        default boolean isUnmapped(ProjectName owner, String pool, String volume) {
            return false;
        }
    }
}
