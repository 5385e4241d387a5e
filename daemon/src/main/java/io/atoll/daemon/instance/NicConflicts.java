package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.Devices;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.daemon.store.RecordKey;
import io.atoll.linux.net.IpNetwork;
import io.atoll.runtime.spec.MacAddress;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Finds addresses that two interfaces at one bridge would share: a copy has those of its original.
/// DHCP would give them to one of both, and frames would reach whoever spoke last.
final class NicConflicts {
    private static final Logger LOG = System.getLogger(NicConflicts.class.getName());

    private final InstanceTable table;

    NicConflicts(InstanceTable table) {
        this.table = table;
    }

    /// Refuses to start an instance beside another that has its addresses, whether that runs or
    /// not: DHCP keeps them for it.
    ///
    /// @throws InvalidConfigException in LXD's words
    void checkStart(InstanceRecord instance, Collection<DeviceConfig> devices) {
        for (DeviceConfig device : devices) {
            if (device instanceof NicConfig nic) {
                check("start", instance, nic);
            }
        }
    }

    /// @param verb what is tried: `add`, `update` or `start`
    /// @param instance with the interface, as it is to be
    /// @throws InvalidConfigException in LXD's words
    void check(String verb, InstanceRecord instance, NicConfig nic) {
        if (nic.kind() != NicConfig.Kind.BRIDGED) {
            return;
        }
        Optional<MacAddress> mac = mac(instance, nic);
        for (InstanceRecord other : table.list()) {
            if (other.key().equals(instance.key())) {
                check(verb, nic, mac, instance, true);
            } else if (mayHave(other, nic, mac)) {
                check(verb, nic, mac, other, false);
            }
        }
    }

    private static Optional<MacAddress> mac(InstanceRecord instance, NicConfig nic) {
        return nic.hwaddr()
                .or(() ->
                        Optional.of(instance.config(Volatile.hwaddr(nic.name())))
                                .filter(value -> !value.isEmpty())
                                .map(MacAddress::new));
    }

    /// Cheap, since it is asked of all instances at each start. What was written down may come from
    /// a profile; what was drawn by lot is the instance's own.
    private static boolean mayHave(InstanceRecord other, NicConfig nic, Optional<MacAddress> mac) {
        return nic.hwaddr().isPresent()
                || nic.ipv4().address().isPresent()
                || nic.ipv6().address().isPresent()
                || mac.isPresent() && mentions(other, mac.get().value());
    }

    /// Whether another instance has that hardware address, drawn by lot or written down as its own.
    boolean isTaken(RecordKey self, String mac) {
        return table.list().stream()
                .anyMatch(other -> !other.key().equals(self) && mentions(other, mac));
    }

    private static boolean mentions(InstanceRecord other, String mac) {
        if (other.config().containsValue(mac)) {
            return true;
        }
        for (Map<String, String> device : other.devices().values()) {
            if (mac.equalsIgnoreCase(device.get("hwaddr"))) {
                return true;
            }
        }
        return false;
    }

    /// @param isOwn whether the owner is who wants the interface
    private void check(
            String verb,
            NicConfig nic,
            Optional<MacAddress> mac,
            InstanceRecord owner,
            boolean isOwn) {
        for (DeviceConfig device : devices(owner)) {
            if (device instanceof NicConfig other
                    && !(isOwn && other.name().equals(nic.name()))
                    && other.kind() == NicConfig.Kind.BRIDGED
                    && other.link().equals(nic.link())
                    && other.vlan().equals(nic.vlan())) {
                if (mac.isPresent() && mac.equals(mac(owner, other))) {
                    throw shared(verb, nic, "MAC address", mac.get().value());
                }
                check(verb, nic, nic.ipv4().address(), other.ipv4().address());
                check(verb, nic, nic.ipv6().address(), other.ipv6().address());
            }
        }
    }

    private static void check(
            String verb, NicConfig nic, Optional<InetAddress> own, Optional<InetAddress> other) {
        if (own.isPresent() && own.equals(other)) {
            throw shared(verb, nic, "IP address", IpNetwork.text(own.get()));
        }
    }

    private static InvalidConfigException shared(
            String verb, NicConfig nic, String what, String address) {
        return new InvalidConfigException(
                "Failed "
                        + verb
                        + " validation for device \""
                        + nic.name()
                        + "\": "
                        + what
                        + " \""
                        + address
                        + "\" already defined on another NIC");
    }

    private List<DeviceConfig> devices(InstanceRecord owner) {
        try {
            return Devices.of(table.expand(owner));
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "devices cannot be read instance=" + owner.name(), e);
            return List.of();
        }
    }
}
