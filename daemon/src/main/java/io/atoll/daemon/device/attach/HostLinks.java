package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.NicConfig.Kind;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import java.util.OptionalInt;

/// Links of the host that interfaces of instances are joined to.
final class HostLinks {
    private HostLinks() {}

    /// Whether the kernel has a link of that name that is no bridge of its own kind.
    static boolean isNoBridge(String name) {
        try (Netlink netlink = Netlink.open()) {
            return netlink.link(name).filter(link -> link.bridge().isEmpty()).isPresent();
        }
    }

    /// Whether it is an internal port of Open vSwitch.
    static boolean isSwitchPort(String name) {
        try (Netlink netlink = Netlink.open()) {
            return netlink.link(name).flatMap(Link::kind).filter("openvswitch"::equals).isPresent();
        }
    }

    static InvalidConfigException missing(String name) {
        return new InvalidConfigException("Parent device \"" + name + "\" doesn't exist");
    }

    /// Makes sure that the link is there; a tagged network of its parent is made if it is missing.
    /// It stays when the last instance leaves: who else uses it cannot be seen from here, for what
    /// is on top of it is in other namespaces.
    ///
    /// @param isAnnounced whether switches hear of a tagged network that is made
    static void require(String link, OptionalInt vlan, boolean isAnnounced, Kind kind, Undo undo) {
        if (link.isEmpty()) {
            return;
        }
        try (Netlink netlink = Netlink.open()) {
            if (netlink.link(link).isPresent()) {
                return;
            }
            String suffix = "." + vlan.orElse(0);
            if (kind == Kind.BRIDGED || vlan.isEmpty() || !link.endsWith(suffix)) {
                throw missing(link);
            }
            String parent = link.substring(0, link.length() - suffix.length());
            if (netlink.link(parent).isEmpty()) {
                throw missing(parent);
            }
            netlink.run(
                    Rtnetlink.vlan(
                            link,
                            parent,
                            vlan.getAsInt(),
                            isAnnounced,
                            LinkOptions.UP,
                            new Rtnetlink.Target.Here()));
            undo.add(() -> delete(link));
        }
    }

    /// Renames a link, which must be down.
    static void rename(String from, String to) {
        try (Netlink netlink = Netlink.open()) {
            netlink.run(Rtnetlink.rename(from, to));
        }
    }

    /// Renames a link that runs, which kernels before 6.2 refuse: it stands still for a moment.
    static void renameRunning(String from, String to) {
        try (Netlink netlink = Netlink.open()) {
            netlink.run(Rtnetlink.setUp(from, false));
            try {
                netlink.run(Rtnetlink.rename(from, to));
            } catch (ErrnoException e) {
                netlink.run(Rtnetlink.setUp(from, true));
                throw e;
            }
            netlink.run(Rtnetlink.setUp(to, true));
        }
    }

    /// Removes a link; none is fine.
    static void delete(String name) {
        try (Netlink netlink = Netlink.open()) {
            if (netlink.link(name).isPresent()) {
                netlink.run(Rtnetlink.delete(name));
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENODEV)) {
                throw e;
            }
        }
    }
}
