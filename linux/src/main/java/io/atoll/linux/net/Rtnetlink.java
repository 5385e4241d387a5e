package io.atoll.linux.net;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.Consumer;

/// Makes rtnetlink requests; rtnetlink(7), `linux/if_link.h`, `linux/if_addr.h`,
/// `linux/rtnetlink.h`. Each is plain data: send it with [Netlink] or put it into a plan.
/// Interfaces are named; the numbers are filled in when it is sent.
public final class Rtnetlink {
    private static final int VLAN_FLAG_GVRP = 2;
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTM_SETLINK = 19;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_DELADDR = 21;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_DELROUTE = 25;
    private static final int RTM_NEWNEIGH = 28;
    private static final int RTM_DELNEIGH = 29;
    private static final int RTM_NEWQDISC = 36;
    private static final int RTM_DELQDISC = 37;

    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_LINK = 5;
    private static final int IFLA_MASTER = 10;
    private static final int IFLA_PROTINFO = 12;
    private static final int IFLA_TXQLEN = 13;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_NET_NS_PID = 19;
    private static final int IFLA_IFALIAS = 20;
    private static final int IFLA_AF_SPEC = 26;
    private static final int IFLA_NET_NS_FD = 28;
    private static final int IFLA_NUM_TX_QUEUES = 31;
    private static final int IFLA_NUM_RX_QUEUES = 32;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int VETH_INFO_PEER = 1;

    private static final int AF_UNSPEC = 0;
    private static final int AF_INET = 2;
    private static final int AF_BRIDGE = 7;
    private static final int AF_INET6 = 10;
    private static final int IFF_UP = 1;
    private static final int CREATE =
            NetlinkMessage.NLM_F_ACK | NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_EXCL;
    private static final int ACK = NetlinkMessage.NLM_F_ACK;

    /// Where a link goes when it is made or moved.
    public sealed interface Target {
        /// Where the request is sent.
        record Here() implements Target {}

        /// The network namespace of the container that is being started.
        record Child() implements Target {}

        /// The network namespace of a process.
        record Pid(int pid) implements Target {}

        /// A network namespace that is open as this descriptor in the sender.
        record Descriptor(int fd) implements Target {}
    }

    /// How macvlans of one parent see each other; `MACVLAN_MODE_*`.
    public enum MacvlanMode {
        PRIVATE(1),
        VEPA(2),
        BRIDGE(4),
        PASSTHRU(8);

        private final int number;

        MacvlanMode(int number) {
            this.number = number;
        }
    }

    /// On which layer ipvlans of one parent work; `IPVLAN_MODE_*`.
    public enum IpvlanMode {
        L2(0),
        L3(1),
        L3S(2);

        private final int number;

        IpvlanMode(int number) {
            this.number = number;
        }
    }

    /// Who made a route that is made here; `RTPROT_STATIC`.
    public static final int PROTOCOL_STATIC = 4;

    /// What most links have in common.
    ///
    /// @param mac empty: the kernel chooses
    /// @param mtu empty: the kernel's default
    /// @param isUp whether it is started at once; not possible for what is made in another
    ///   namespace
    public record LinkOptions(Optional<MacAddress> mac, Optional<Integer> mtu, boolean isUp) {
        public static final LinkOptions DOWN =
                new LinkOptions(Optional.empty(), Optional.empty(), false);
        public static final LinkOptions UP =
                new LinkOptions(Optional.empty(), Optional.empty(), true);

        public LinkOptions mac(MacAddress address) {
            return new LinkOptions(Optional.of(address), mtu, isUp);
        }

        public LinkOptions mtu(int bytes) {
            return new LinkOptions(mac, Optional.of(bytes), isUp);
        }
    }

    private Rtnetlink() {}

    private static NetlinkMessage.Builder linkMessage(
            int type, int flags, String what, boolean isUp) {
        int up = isUp ? IFF_UP : 0;
        return new NetlinkMessage.Builder(type, flags, what)
                .u8(AF_UNSPEC, 0)
                .u16(0)
                .u32(0)
                .u32(up)
                .u32(up);
    }

    /// A message about an existing link; `flags` and `mask` are `IFF_*`.
    private static NetlinkMessage.Builder existing(
            int type, String what, String name, int flags, int mask) {
        return new NetlinkMessage.Builder(type, ACK, what)
                .u8(AF_UNSPEC, 0)
                .u16(0)
                .indexOf(name)
                .u32(flags)
                .u32(mask);
    }

    private static void common(NetlinkMessage.Builder b, String name, LinkOptions options) {
        b.text(IFLA_IFNAME, name);
        options.mac().ifPresent(mac -> b.attribute(IFLA_ADDRESS, mac.bytes()));
        options.mtu().ifPresent(mtu -> b.number32(IFLA_MTU, mtu));
    }

    /// Else the kernel makes a queue for every processor and turns all but one off, waiting for all
    /// processors each time.
    private static void oneQueue(NetlinkMessage.Builder b) {
        b.number32(IFLA_NUM_TX_QUEUES, 1);
        b.number32(IFLA_NUM_RX_QUEUES, 1);
    }

    private static void place(NetlinkMessage.Builder b, Target target) {
        switch (target) {
            case Target.Here _ -> {}
            case Target.Child _ -> b.childPid(IFLA_NET_NS_PID);
            case Target.Pid pid -> b.number32(IFLA_NET_NS_PID, pid.pid());
            case Target.Descriptor fd -> b.number32(IFLA_NET_NS_FD, fd.fd());
        }
    }

    /// A pair of connected links: `name` here, optionally a port of the bridge `master`, and
    /// `peerName` in `target`. One request: the host's end is up at once, the peer must not be.
    public static NetlinkMessage veth(
            String name,
            LinkOptions options,
            Optional<String> master,
            String peerName,
            LinkOptions peerOptions,
            Target target) {
        NetlinkMessage.Builder b =
                linkMessage(RTM_NEWLINK, CREATE, "create veth " + name, options.isUp());
        common(b, name, options);
        oneQueue(b);
        master.ifPresent(bridge -> b.indexOf(IFLA_MASTER, bridge));
        return b.nested(
                        IFLA_LINKINFO,
                        info ->
                                info.text(IFLA_INFO_KIND, "veth")
                                        .nested(
                                                IFLA_INFO_DATA,
                                                data ->
                                                        data.nested(
                                                                VETH_INFO_PEER,
                                                                peer -> {
                                                                    peer.u8(AF_UNSPEC, 0)
                                                                            .u16(0)
                                                                            .u32(0)
                                                                            .u32(0)
                                                                            .u32(0);
                                                                    common(
                                                                            peer,
                                                                            peerName,
                                                                            peerOptions);
                                                                    oneQueue(peer);
                                                                    place(peer, target);
                                                                })))
                .build();
    }

    /// A bridge. The kernel forgets an MTU given here: use [#setMtu] afterwards, which also keeps
    /// the ports from changing it.
    ///
    /// @param multicastSnooping watching of multicast groups, which slows down adding ports to a
    ///   big bridge
    public static NetlinkMessage bridge(
            String name, LinkOptions options, boolean multicastSnooping) {
        if (options.mtu().isPresent()) {
            throw new IllegalArgumentException("the mtu of a bridge is set after it was made");
        }
        int forwardDelay = 1;
        int mcastSnooping = 23;
        // In hundredths of a second; without spanning tree a port need not wait.
        return created(
                "bridge",
                name,
                options,
                Optional.empty(),
                new Target.Here(),
                data ->
                        data.number32(forwardDelay, 1500)
                                .number8(mcastSnooping, multicastSnooping ? 1 : 0));
    }

    /// A link with a hardware address of its own on top of `parent`.
    public static NetlinkMessage macvlan(
            String name, String parent, MacvlanMode mode, LinkOptions options, Target target) {
        return created(
                "macvlan",
                name,
                options,
                Optional.of(parent),
                target,
                data -> data.number32(1, mode.number));
    }

    /// A link that shares the hardware address of `parent`.
    public static NetlinkMessage ipvlan(
            String name, String parent, IpvlanMode mode, LinkOptions options, Target target) {
        return created(
                "ipvlan",
                name,
                options,
                Optional.of(parent),
                target,
                data -> data.number16(1, mode.number));
    }

    /// One tagged network of `parent`; 802.1Q.
    ///
    /// @param isAnnounced whether switches are asked to send that network here, by GVRP
    public static NetlinkMessage vlan(
            String name,
            String parent,
            int vlanId,
            boolean isAnnounced,
            LinkOptions options,
            Target target) {
        // IFLA_VLAN_FLAGS: the flags and a mask of those that are meant.
        ByteBuffer flags =
                ByteBuffer.allocate(8)
                        .order(ByteOrder.nativeOrder())
                        .putInt(VLAN_FLAG_GVRP)
                        .putInt(VLAN_FLAG_GVRP);
        return created(
                "vlan",
                name,
                options,
                Optional.of(parent),
                target,
                data -> {
                    data.number16(1, vlanId);
                    if (isAnnounced) {
                        data.attribute(2, flags.array());
                    }
                });
    }

    /// A link that leads nowhere; for tests and as a holder of addresses.
    public static NetlinkMessage dummy(String name, LinkOptions options) {
        return created("dummy", name, options, Optional.empty(), new Target.Here(), _ -> {});
    }

    /// A VXLAN tunnel to one remote address, or to a multicast group through `parent`.
    public static NetlinkMessage vxlan(
            String name,
            int id,
            Optional<InetAddress> local,
            Optional<InetAddress> remote,
            int port,
            int ttl,
            Optional<String> parent,
            LinkOptions options) {
        return created(
                "vxlan",
                name,
                options,
                Optional.empty(),
                new Target.Here(),
                data -> {
                    data.number32(1, id).number8(5, ttl);
                    remote.ifPresent(a ->
                            data.attribute(a.getAddress().length == 4 ? 2 : 16, a.getAddress()));
                    local.ifPresent(a ->
                            data.attribute(a.getAddress().length == 4 ? 4 : 17, a.getAddress()));
                    parent.ifPresent(link -> data.indexOf(3, link));
                    // The port is in network byte order, as everywhere where a header field is
                    // meant.
                    data.attribute(15, new byte[] {(byte) (port >> 8), (byte) port});
                });
    }

    /// A GRE tunnel that carries Ethernet frames.
    public static NetlinkMessage gretap(
            String name, Optional<InetAddress> local, Optional<InetAddress> remote, int ttl) {
        return created(
                "gretap",
                name,
                LinkOptions.DOWN,
                Optional.empty(),
                new Target.Here(),
                data -> {
                    local.ifPresent(address -> data.attribute(6, address.getAddress()));
                    remote.ifPresent(address -> data.attribute(7, address.getAddress()));
                    data.number8(8, ttl);
                });
    }

    private static NetlinkMessage created(
            String kind,
            String name,
            LinkOptions options,
            Optional<String> parent,
            Target target,
            Consumer<NetlinkMessage.Builder> content) {
        NetlinkMessage.Builder b =
                linkMessage(RTM_NEWLINK, CREATE, "create " + kind + " " + name, options.isUp());
        common(b, name, options);
        parent.ifPresent(link -> b.indexOf(IFLA_LINK, link));
        place(b, target);
        return b.nested(
                        IFLA_LINKINFO,
                        info -> info.text(IFLA_INFO_KIND, kind).nested(IFLA_INFO_DATA, content))
                .build();
    }

    /// Removes a link; the other end of a veth goes with it.
    public static NetlinkMessage delete(String name) {
        return existing(RTM_DELLINK, "delete link " + name, name, 0, 0).build();
    }

    /// Starts or stops a link.
    public static NetlinkMessage setUp(String name, boolean isUp) {
        String what = (isUp ? "start" : "stop") + " link " + name;
        return existing(RTM_NEWLINK, what, name, isUp ? IFF_UP : 0, IFF_UP).build();
    }

    /// Renames a link, which must be down.
    public static NetlinkMessage rename(String name, String newName) {
        return existing(RTM_NEWLINK, "rename link " + name + " to " + newName, name, 0, 0)
                .text(IFLA_IFNAME, newName)
                .build();
    }

    /// Moves a link into another namespace under a new name.
    public static NetlinkMessage move(String name, String newName, Target target) {
        NetlinkMessage.Builder b =
                existing(RTM_NEWLINK, "move link " + name, name, 0, 0).text(IFLA_IFNAME, newName);
        place(b, target);
        return b.build();
    }

    /// Sets the hardware address.
    public static NetlinkMessage setMac(String name, MacAddress mac) {
        return existing(RTM_NEWLINK, "set hardware address of " + name, name, 0, 0)
                .attribute(IFLA_ADDRESS, mac.bytes())
                .build();
    }

    /// Sets the largest packet in bytes.
    public static NetlinkMessage setMtu(String name, int mtu) {
        return existing(RTM_NEWLINK, "set mtu of " + name, name, 0, 0)
                .number32(IFLA_MTU, mtu)
                .build();
    }

    /// Sets the length of the queue for sending.
    public static NetlinkMessage setTxQueueLength(String name, int packets) {
        return existing(RTM_NEWLINK, "set queue length of " + name, name, 0, 0)
                .number32(IFLA_TXQLEN, packets)
                .build();
    }

    /// Sets the free text that `ip link` shows as alias.
    public static NetlinkMessage setAlias(String name, String alias) {
        return existing(RTM_NEWLINK, "set alias of " + name, name, 0, 0)
                .text(IFLA_IFALIAS, alias)
                .build();
    }

    /// Makes a link a port of a bridge.
    public static NetlinkMessage setMaster(String name, String bridge) {
        return existing(RTM_NEWLINK, "add " + name + " to bridge " + bridge, name, 0, 0)
                .indexOf(IFLA_MASTER, bridge)
                .build();
    }

    /// Takes a link out of its bridge.
    public static NetlinkMessage clearMaster(String name) {
        return existing(RTM_NEWLINK, "take " + name + " out of its bridge", name, 0, 0)
                .number32(IFLA_MASTER, 0)
                .build();
    }

    /// Chooses how the host's own IPv6 addresses of a link come about: none at all instead of a
    /// link-local one.
    public static NetlinkMessage withoutIpv6LinkLocal(String name) {
        int addrGenMode = 8;
        return existing(RTM_NEWLINK, "turn off link-local addresses of " + name, name, 0, 0)
                .nested(
                        IFLA_AF_SPEC,
                        spec -> spec.nested(AF_INET6, v6 -> v6.number8(addrGenMode, 1)))
                .build();
    }

    /// Whether a port of a bridge can reach other isolated ports, and whether frames may go back
    /// out of it.
    public static NetlinkMessage setPort(String name, boolean isolated, boolean hairpin) {
        int brportMode = 4;
        int brportIsolated = 33;
        return new NetlinkMessage.Builder(RTM_SETLINK, ACK, "set bridge port " + name)
                .u8(AF_BRIDGE, 0)
                .u16(0)
                .indexOf(name)
                .u32(0)
                .u32(0)
                .markedNested(
                        IFLA_PROTINFO,
                        port ->
                                port.number8(brportMode, hairpin ? 1 : 0)
                                        .number8(brportIsolated, isolated ? 1 : 0))
                .build();
    }

    /// Lets a VLAN pass at a port of a filtering bridge.
    ///
    /// @param isUntagged whether frames of it come and go without a tag; of one VLAN per port
    public static NetlinkMessage addVlan(String port, int id, boolean isUntagged) {
        int pvid = 2;
        int untagged = 4;
        return vlan(
                RTM_SETLINK,
                "let VLAN " + id + " pass at " + port,
                port,
                id,
                isUntagged ? pvid | untagged : 0);
    }

    /// Stops a VLAN at a port of a filtering bridge.
    public static NetlinkMessage deleteVlan(String port, int id) {
        return vlan(RTM_DELLINK, "stop VLAN " + id + " at " + port, port, id, 0);
    }

    private static NetlinkMessage vlan(int type, String what, String port, int id, int flags) {
        int bridgeVlanInfo = 2;
        byte[] info = new byte[4];
        ByteBuffer.wrap(info)
                .order(ByteOrder.nativeOrder())
                .putShort((short) flags)
                .putShort((short) id);
        return new NetlinkMessage.Builder(type, ACK, what)
                .u8(AF_BRIDGE, 0)
                .u16(0)
                .indexOf(port)
                .u32(0)
                .u32(0)
                .markedNested(IFLA_AF_SPEC, spec -> spec.attribute(bridgeVlanInfo, info))
                .build();
    }

    /// Answers for an address on a link: ARP or neighbour discovery by proxy. The same again is
    /// fine.
    public static NetlinkMessage addProxy(String link, InetAddress address) {
        int flags = ACK | NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_REPLACE;
        return proxy(RTM_NEWNEIGH, flags, "answer for", link, address);
    }

    /// Takes that back.
    public static NetlinkMessage deleteProxy(String link, InetAddress address) {
        return proxy(RTM_DELNEIGH, ACK, "no longer answer for", link, address);
    }

    private static NetlinkMessage proxy(
            int type, int flags, String verb, String link, InetAddress address) {
        int ndaDst = 1;
        int permanent = 0x80;
        int byProxy = 0x08;
        String what = verb + " " + address.getHostAddress() + " on " + link;
        return new NetlinkMessage.Builder(type, flags, what)
                .u8(family(address), 0)
                .u16(0)
                .indexOf(link)
                .u16(permanent)
                .u8(byProxy, 0)
                .attribute(ndaDst, address.getAddress())
                .build();
    }

    /// Limits what a link sends, in place of a limit that it has; tc-tbf(8). Packets wait at most
    /// 50 ms and are dropped then.
    ///
    /// @param bytesPerSecond at least 1
    public static NetlinkMessage limitRate(String link, long bytesPerSecond) {
        int tcaKind = 1;
        int tcaOptions = 2;
        int parms = 1;
        int rate64 = 4;
        int burst = 6;
        long rate = Math.max(1, bytesPerSecond);
        // A whole segment as the kernel hands it over must fit, and what a tick of the clock takes.
        int burstBytes = (int) Math.min(Integer.MAX_VALUE / 2, Math.max(128 * 1024, rate / 100));
        int limitBytes = (int) Math.min(Integer.MAX_VALUE / 2, rate / 20 + burstBytes);
        int flags = ACK | NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_REPLACE;
        return qdisc(RTM_NEWQDISC, flags, "limit rate of " + link, link)
                .text(tcaKind, "tbf")
                .nested(
                        tcaOptions,
                        options -> {
                            options.attribute(parms, tokenBucket(rate, burstBytes, limitBytes))
                                    .number32(burst, burstBytes);
                            if (rate > 0xFFFF_FFFFL) {
                                options.attribute(rate64, number64(rate));
                            }
                        })
                .build();
    }

    /// `struct tc_tbf_qopt` of linux/pkt_sched.h: rate, peak rate, then limit, buffer, mtu.
    private static byte[] tokenBucket(long rate, int burstBytes, int limitBytes) {
        int ethernet = 1;
        // The kernel's clock for this has 64 ns ticks.
        long bufferTicks = Math.min(0xFFFF_FFFFL, burstBytes * 15_625_000L / rate);
        ByteBuffer raw = ByteBuffer.allocate(36).order(ByteOrder.nativeOrder());
        raw.put((byte) 0).put((byte) ethernet).putShort((short) 0).putShort((short) -1);
        raw.putShort((short) 0).putInt((int) Math.min(0xFFFF_FFFFL, rate));
        raw.position(24);
        raw.putInt(limitBytes).putInt((int) bufferTicks).putInt(0);
        return raw.array();
    }

    private static byte[] number64(long value) {
        return ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(value).array();
    }

    /// Takes the limit of what a link sends away. `ENOENT` or `EINVAL` if it has none.
    public static NetlinkMessage unlimitRate(String link) {
        return qdisc(RTM_DELQDISC, ACK, "unlimit rate of " + link, link).build();
    }

    private static NetlinkMessage.Builder qdisc(int type, int flags, String what, String link) {
        int root = -1;
        int handle = 0x0001_0000;
        return new NetlinkMessage.Builder(type, flags, what)
                .u8(AF_UNSPEC, 0)
                .u16(0)
                .indexOf(link)
                .u32(type == RTM_NEWQDISC ? handle : 0)
                .u32(root)
                .u32(0);
    }

    /// Adds an address with its network. IPv6 skips the search for duplicates: on a bridge without
    /// ports it would never end. Adding what is there is `EEXIST`.
    public static NetlinkMessage addAddress(String link, IpNetwork address) {
        int ifaAddress = 1;
        int ifaLocal = 2;
        int ifaBroadcast = 4;
        int noDad = 0x02;
        byte[] raw = address.address().getAddress();
        NetlinkMessage.Builder b =
                new NetlinkMessage.Builder(
                                RTM_NEWADDR, CREATE, "add address " + address + " to " + link)
                        .u8(
                                family(address.address()),
                                address.prefix(),
                                address.isV6() ? noDad : 0,
                                0)
                        .indexOf(link)
                        .attribute(ifaLocal, raw)
                        .attribute(ifaAddress, raw);
        if (!address.isV6() && address.prefix() < 31) {
            b.attribute(ifaBroadcast, address.last().getAddress());
        }
        return b.build();
    }

    /// Removes an address.
    public static NetlinkMessage deleteAddress(String link, IpNetwork address) {
        int ifaLocal = 2;
        return new NetlinkMessage.Builder(
                        RTM_DELADDR, ACK, "delete address " + address + " of " + link)
                .u8(family(address.address()), address.prefix(), 0, 0)
                .indexOf(link)
                .attribute(ifaLocal, address.address().getAddress())
                .build();
    }

    /// The kernel's ordinary routing table.
    public static final int TABLE_MAIN = 254;

    /// Adds a route, or replaces one of the same destination and metric.
    ///
    /// @param destination with prefix 0 for the default route
    /// @param gateway empty: the destination is on the link itself
    public static NetlinkMessage addRoute(
            String link, IpNetwork destination, Optional<InetAddress> gateway) {
        return addRoute(link, destination, gateway, TABLE_MAIN);
    }

    /// The same in another routing table, of which the kernel has as many as there are numbers.
    public static NetlinkMessage addRoute(
            String link, IpNetwork destination, Optional<InetAddress> gateway, int table) {
        int flags = ACK | NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_REPLACE;
        return route(RTM_NEWROUTE, flags, "add", link, destination, gateway, table);
    }

    /// Removes a route.
    public static NetlinkMessage deleteRoute(
            String link, IpNetwork destination, Optional<InetAddress> gateway) {
        return deleteRoute(link, destination, gateway, TABLE_MAIN);
    }

    /// The same in another routing table.
    public static NetlinkMessage deleteRoute(
            String link, IpNetwork destination, Optional<InetAddress> gateway, int table) {
        return route(RTM_DELROUTE, ACK, "delete", link, destination, gateway, table);
    }

    private static NetlinkMessage route(
            int type,
            int flags,
            String verb,
            String link,
            IpNetwork destination,
            Optional<InetAddress> gateway,
            int table) {
        int rtaDst = 1;
        int rtaOif = 4;
        int rtaGateway = 5;
        int rtaTable = 15;
        int scopeLink = 253;
        int unicast = 1;
        boolean isNew = type == RTM_NEWROUTE;
        int scope = gateway.isEmpty() && !destination.isV6() ? scopeLink : 0;
        // One byte of the header has room for the first tables; the attribute has for all.
        int inHeader = table > 0 && table < 256 ? table : 0;
        NetlinkMessage.Builder b =
                new NetlinkMessage.Builder(
                                type, flags, verb + " route " + destination + " by " + link)
                        .u8(family(destination.address()), destination.prefix(), 0, 0)
                        .u8(inHeader, isNew ? PROTOCOL_STATIC : 0, scope, isNew ? unicast : 0)
                        .u32(0);
        if (destination.prefix() > 0) {
            b.attribute(rtaDst, destination.network().address().getAddress());
        }
        gateway.ifPresent(address -> b.attribute(rtaGateway, address.getAddress()));
        if (table != TABLE_MAIN) {
            b.number32(rtaTable, table);
        }
        return b.indexOf(rtaOif, link).build();
    }

    private static int family(InetAddress address) {
        return address.getAddress().length == 4 ? AF_INET : AF_INET6;
    }
}
