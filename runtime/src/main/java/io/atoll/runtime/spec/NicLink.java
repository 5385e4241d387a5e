package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/// How a NIC is joined to the host.
public sealed interface NicLink {
    /// A veth pair; the host's end may be a port of a bridge.
    ///
    /// @param hostName name of the host's end; absent means a fresh unique one (names must not be
    ///   used again at once, because the kernel takes namespaces down later)
    /// @param bridge existing bridge of the host's
    /// @param vlan untagged VLAN of the port on a filtering bridge
    /// @param taggedVlans tagged VLANs of that port
    /// @param hostRoutes networks routed to the host's end, in CIDR notation
    /// @param hostMac address of the host's end; absent means one starting with fe, so that it is
    ///   never the lowest of the bridge and the bridge keeps its own
    /// @param isIsolated true if the port talks to the bridge only and not to other isolated ports
    /// @param isLeft true if nobody wants the name again: at the end the pair is left to the
    ///   kernel, which takes it away with the namespace a moment later
    /// @param queues of either end
    record Veth(
            Optional<String> hostName,
            Optional<String> bridge,
            OptionalInt vlan,
            List<Integer> taggedVlans,
            List<String> hostRoutes,
            Optional<MacAddress> hostMac,
            boolean isIsolated,
            boolean isLeft,
            Queues queues)
            implements NicLink {
        /// How many queues there are each way. A veth that is made with one for every processor has
        /// the others turned off one after the other, and the kernel waits for all processors each
        /// time, with all other changes to links waiting too.
        public record Queues(int receive, int transmit) {
            /// All that a veth uses unless it is told otherwise.
            public static final Queues ONE = new Queues(1, 1);

            /// The kernel's limit for links that are made by netlink.
            public static final int MAX = 4096;

            public Queues {
                if (receive < 1 || receive > MAX || transmit < 1 || transmit > MAX) {
                    throw new InvalidConfigException("a veth has 1 to " + MAX + " queues each way");
                }
            }
        }

        /// One that is taken away before the container counts as ended.
        public Veth(
                Optional<String> hostName,
                Optional<String> bridge,
                OptionalInt vlan,
                List<Integer> taggedVlans,
                List<String> hostRoutes,
                Optional<MacAddress> hostMac,
                boolean isIsolated) {
            this(
                    hostName,
                    bridge,
                    vlan,
                    taggedVlans,
                    hostRoutes,
                    hostMac,
                    isIsolated,
                    false,
                    Queues.ONE);
        }

        public Veth {
            hostName.ifPresent(NicSpec::checkName);
            bridge.ifPresent(NicSpec::checkName);
            taggedVlans = List.copyOf(taggedVlans);
            hostRoutes = List.copyOf(hostRoutes);
        }

        /// A port of a bridge with everything else left to us.
        public static Veth on(String bridge) {
            return new Veth(
                    Optional.empty(),
                    Optional.of(bridge),
                    OptionalInt.empty(),
                    List.of(),
                    List.of(),
                    Optional.empty(),
                    false);
        }

        /// A copy with the name of the host's end.
        public Veth named(String name) {
            return new Veth(
                    Optional.of(name),
                    bridge,
                    vlan,
                    taggedVlans,
                    hostRoutes,
                    hostMac,
                    isIsolated,
                    isLeft,
                    queues);
        }

        /// A copy whose host's end has a name that is never used again.
        public Veth namedOnce(String name) {
            return new Veth(
                    Optional.of(name),
                    bridge,
                    vlan,
                    taggedVlans,
                    hostRoutes,
                    hostMac,
                    isIsolated,
                    true,
                    queues);
        }

        /// A copy with that many queues.
        public Veth with(Queues others) {
            return new Veth(
                    hostName,
                    bridge,
                    vlan,
                    taggedVlans,
                    hostRoutes,
                    hostMac,
                    isIsolated,
                    isLeft,
                    others);
        }
    }

    /// A macvlan on a link of the host's.
    record Macvlan(String parent, MacvlanMode mode) implements NicLink {
        /// linux/if_link.h.
        public enum MacvlanMode {
            PRIVATE(1),
            VEPA(2),
            BRIDGE(4),
            PASSTHRU(8);

            private final int code;

            MacvlanMode(int code) {
                this.code = code;
            }

            public int code() {
                return code;
            }
        }

        public Macvlan {
            NicSpec.checkName(parent);
        }
    }

    /// An ipvlan on a link of the host's.
    record Ipvlan(String parent, IpvlanMode mode, Isolation isolation) implements NicLink {
        /// linux/if_link.h.
        public enum IpvlanMode {
            L2(0),
            L3(1),
            L3S(2);

            private final int code;

            IpvlanMode(int code) {
                this.code = code;
            }

            public int code() {
                return code;
            }
        }

        /// linux/if_link.h.
        public enum Isolation {
            BRIDGE(0),
            PRIVATE(1),
            VEPA(2);

            private final int code;

            Isolation(int code) {
                this.code = code;
            }

            public int code() {
                return code;
            }
        }

        public Ipvlan {
            NicSpec.checkName(parent);
        }
    }

    /// An 802.1q VLAN of a link of the host's.
    record Vlan(String parent, int id) implements NicLink {
        public Vlan {
            NicSpec.checkName(parent);
            if (id < 0 || id > 4094) {
                throw new InvalidConfigException("VLAN id " + id + " is not in 0..4094");
            }
        }
    }

    /// A link of the host's, moved in and, when the container ends, back under its old name.
    ///
    /// @param mtu that it has on the host, given back with it; empty to leave what the container
    ///   set
    /// @param mac that it has on the host, given back with it; empty to leave what the container
    ///   set
    record Phys(String parent, OptionalInt mtu, Optional<MacAddress> mac) implements NicLink {
        public Phys {
            NicSpec.checkName(parent);
        }

        /// As the container leaves it, but for the name.
        public Phys(String parent) {
            this(parent, OptionalInt.empty(), Optional.empty());
        }
    }

    /// A veth that somebody with more rights makes, asked for by running a program: we may not put
    /// anything on the host's network.
    ///
    /// @param ask makes it, its end inside under the name of the NIC; run while the container waits
    /// @param giveBack removes it; run after the container's death
    record Granted(HookSpec ask, HookSpec giveBack) implements NicLink {
        @Override
        public String word() {
            return "veth";
        }
    }

    /// The word of `lxc.net.N.type`.
    default String word() {
        return getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }
}
