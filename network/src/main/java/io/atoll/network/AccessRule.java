package io.atoll.network;

import io.atoll.linux.net.IpNetwork;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// One rule about traffic over the edge of a bridge, between its instances and everybody else.
///
/// @param isIngress whether it is about what comes to instances, else about what they send
/// @param isLogged whether the kernel's log gets a line for each packet
/// @param name of the list that it is in, for that line
/// @param sources whose traffic; empty: everybody's
/// @param destinations whom it goes to; empty: to everybody
public record AccessRule(
        boolean isIngress,
        Action action,
        boolean isLogged,
        String name,
        Optional<List<Subject>> sources,
        Optional<List<Subject>> destinations,
        Traffic traffic) {
    private static final String NAME = "[-a-zA-Z0-9_.]{1,63}";

    public AccessRule {
        if (!name.matches(NAME)) {
            throw new IllegalArgumentException("not a name of a list: " + name);
        }
        sources = sources.map(List::copyOf);
        destinations = destinations.map(List::copyOf);
    }

    /// What happens to a packet. Rules of the first kind are looked at first, whatever their order.
    public enum Action {
        DROP,
        REJECT,
        ALLOW
    }

    /// Some addresses.
    public sealed interface Subject {
        boolean isV6();

        /// In nft's words.
        String text();

        /// All of a network.
        record Network(IpNetwork network) implements Subject {
            @Override
            public boolean isV6() {
                return network.isV6();
            }

            @Override
            public String text() {
                boolean isOne = network.prefix() == (network.isV6() ? 128 : 32);
                return isOne ? IpNetwork.text(network.address()) : network.network().toString();
            }
        }

        /// From one address to another, both among them.
        record Range(IpRange range) implements Subject {
            @Override
            public boolean isV6() {
                return range.first().getAddress().length == 16;
            }

            @Override
            public String text() {
                return IpNetwork.text(range.first()) + "-" + IpNetwork.text(range.last());
            }
        }
    }

    /// What kind of packets.
    public sealed interface Traffic {
        /// All.
        record Any() implements Traffic {}

        /// By ports; none of a side means all.
        record Ports(boolean isTcp, List<PortRange> from, List<PortRange> to) implements Traffic {
            public Ports {
                from = List.copyOf(from);
                to = List.copyOf(to);
            }
        }

        /// Messages of ICMP; absent means all.
        record Icmp(boolean isV6, OptionalInt type, OptionalInt code) implements Traffic {}
    }

    /// From one port to another, both among them.
    public record PortRange(int first, int last) {
        String text() {
            return first == last ? Integer.toString(first) : first + "-" + last;
        }
    }
}
