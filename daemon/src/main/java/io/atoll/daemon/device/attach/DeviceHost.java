package io.atoll.daemon.device.attach;

import io.atoll.base.Idmap;
import io.atoll.base.ProjectName;
import io.atoll.storage.RootfsLayers;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;

/// What devices need of the rest of the daemon.
public interface DeviceHost {
    /// Managed networks.
    Networks networks();

    /// Where a custom volume's files are, which is mounted and fit for instances with this map
    /// afterwards.
    ///
    /// @throws io.atoll.base.NotFoundException if there is no such pool or volume
    RootfsLayers volume(ProjectName project, String pool, String volume, Idmap idmap);

    /// The directory of an instance's own volume in a pool.
    Path rootVolume(String pool, String instance);

    /// The virtual functions of the host's network cards.
    default VirtualFunctions functions() {
        return VirtualFunctions.KERNEL;
    }

    /// Trusted platform modules in software. What they keep is beside the notes: no instance's name
    /// begins with a dot.
    default TpmEmulator tpms() {
        return TpmEmulator.under(notes().resolve(".tpm"));
    }

    /// The process that passes connections on.
    ProxyServer proxies();

    /// The fixed addresses of an instance's interfaces, in the order of their devices.
    ///
    /// @param instance host-wide name
    List<InetAddress> addresses(String instance, boolean isV6);

    /// Whether an instance of the same name in another project has an interface at a managed
    /// network: its DNS has one name for both.
    default boolean isNameTaken(Site site, String network) {
        return false;
    }

    /// Where notes about devices of running instances are kept, below a directory of the instance's
    /// name.
    Path notes();
}
