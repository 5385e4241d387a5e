package io.atoll.linux.net;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.KernelText;
import io.atoll.linux.Namespaces;
import io.atoll.linux.NetlinkSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A conversation with the kernel's routing part about the links, addresses and routes of one
/// network namespace; rtnetlink(7). Safe for several threads: one request at a time.
public final class Netlink implements AutoCloseable {
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLM_F_DUMP_INTR = 0x10;
    private static final int NLM_F_CAPPED = 0x100;
    private static final int NLM_F_ACK_TLVS = 0x200;
    private static final int NLMSGERR_ATTR_MSG = 1;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_GETADDR = 22;
    private static final int RTM_GETROUTE = 26;
    private static final int HEADER = 16;
    private static final int NLA_TYPE_MASK = 0x3FFF;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_IFALIAS = 20;
    private static final int IFLA_EXT_MASK = 29;

    /// How often a dump that changed while it was read is read again.
    private static final int DUMPS_MAX = 16;

    private final NetlinkSocket socket;

    /// Held for one request and its answer; leaf lock.
    private final ReentrantLock lock = new ReentrantLock();

    private int sequence = 1;

    private Netlink(NetlinkSocket socket) {
        this.socket = socket;
    }

    /// About the network namespace of the calling thread.
    public static Netlink open() {
        return new Netlink(NetlinkSocket.openRoute());
    }

    /// About another network namespace. Only the opening needs a thread inside.
    public static Netlink openIn(Fd netNamespace) {
        return Namespaces.inNet(netNamespace, Netlink::open);
    }

    /// Sends a request and waits for the acknowledgement.
    ///
    /// @throws ErrnoException with what was asked for, and the kernel's own words where it has some
    public void run(NetlinkMessage message) {
        run(message, 0);
    }

    /// As [#run(NetlinkMessage)], for a message that wants the pid of a container's first process.
    public void run(NetlinkMessage message, int childPid) {
        byte[] bytes = message.bytes();
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        for (NetlinkMessage.Patch patch : message.patches()) {
            switch (patch) {
                case NetlinkMessage.Patch.InterfaceIndex(int offset, String name) ->
                        view.putInt(offset, indexOf(name, message.what()));
                case NetlinkMessage.Patch.ChildPid(int offset) -> {
                    if (childPid <= 0) {
                        throw new IllegalArgumentException("no pid for: " + message.what());
                    }
                    view.putInt(offset, childPid);
                }
            }
        }
        exchange(bytes, message.what());
    }

    private int indexOf(String name, String what) {
        return link(name)
                .map(Link::index)
                .orElseThrow(() ->
                        new ErrnoException("netlink", Errno.ENODEV, what + ", interface " + name));
    }

    /// The link of this name, if there is one.
    public Optional<Link> link(String name) {
        NetlinkMessage request =
                new NetlinkMessage.Builder(RTM_GETLINK, 0, "link " + name)
                        .u8(0, 0)
                        .u16(0)
                        .u32(0)
                        .u32(0)
                        .u32(0)
                        .number32(IFLA_EXT_MASK, 1 << 3)
                        .text(IFLA_IFNAME, name)
                        .build();
        try {
            return exchange(request.bytes(), request.what()).stream()
                    .map(Netlink::decodeLink)
                    .findFirst();
        } catch (ErrnoException e) {
            // A name that could not even exist is ERANGE or EINVAL; for us it is as absent as any
            // other.
            if (e.is(Errno.ENODEV, Errno.ERANGE)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// All links with their counters.
    public List<Link> links() {
        NetlinkMessage request =
                dump(RTM_GETLINK, "links")
                        .u8(0, 0)
                        .u16(0)
                        .u32(0)
                        .u32(0)
                        .u32(0)
                        .number32(IFLA_EXT_MASK, 1 << 3)
                        .build();
        return exchange(request.bytes(), request.what()).stream().map(Netlink::decodeLink).toList();
    }

    /// All addresses of both families.
    public List<LinkAddress> addresses() {
        NetlinkMessage request = dump(RTM_GETADDR, "addresses").u8(0, 0, 0, 0).u32(0).build();
        List<LinkAddress> addresses = new ArrayList<>();
        for (ByteBuffer body : exchange(request.bytes(), request.what())) {
            decodeAddress(body).ifPresent(addresses::add);
        }
        return addresses;
    }

    /// The unicast routes of the main table, both families.
    public List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        for (int family : new int[] {2, 10}) {
            NetlinkMessage request =
                    dump(RTM_GETROUTE, "routes").u8(family, 0, 0, 0, 0, 0, 0, 0).u32(0).build();
            for (ByteBuffer body : exchange(request.bytes(), request.what())) {
                decodeRoute(body).ifPresent(routes::add);
            }
        }
        return routes;
    }

    private static NetlinkMessage.Builder dump(int type, String what) {
        return new NetlinkMessage.Builder(type, NetlinkMessage.NLM_F_DUMP, what);
    }

    private List<ByteBuffer> exchange(byte[] request, String what) {
        lock.lock();
        try {
            for (int i = 0; i < DUMPS_MAX; i++) {
                int number = sequence++;
                ByteBuffer.wrap(request).order(ByteOrder.nativeOrder()).putInt(8, number);
                socket.send(request);
                List<ByteBuffer> answers = new ArrayList<>();
                if (collect(number, isAnsweredByOne(request), what, answers)) {
                    return answers;
                }
            }
        } finally {
            lock.unlock();
        }
        throw new ErrnoException("netlink", Errno.EBUSY, what);
    }

    /// A get without acknowledgement is answered by exactly one message; all else ends with an
    /// error or done message.
    private static boolean isAnsweredByOne(byte[] request) {
        int flags = ByteBuffer.wrap(request).order(ByteOrder.nativeOrder()).getShort(6);
        return (flags & (NetlinkMessage.NLM_F_ACK | NetlinkMessage.NLM_F_DUMP)) == 0;
    }

    /// @return false if the dump was inconsistent and must be made again
    private boolean collect(int number, boolean one, String what, List<ByteBuffer> answers) {
        boolean isConsistent = true;
        while (true) {
            ByteBuffer datagram = ByteBuffer.wrap(socket.receive()).order(ByteOrder.nativeOrder());
            for (int at = 0; at + HEADER <= datagram.limit(); ) {
                int length = datagram.getInt(at);
                if (length < HEADER || at + length > datagram.limit()) {
                    throw new ErrnoException("netlink", 74, what);
                }
                int type = Short.toUnsignedInt(datagram.getShort(at + 4));
                int flags = Short.toUnsignedInt(datagram.getShort(at + 6));
                if (datagram.getInt(at + 8) == number) {
                    isConsistent &= (flags & NLM_F_DUMP_INTR) == 0;
                    ByteBuffer body =
                            datagram.slice(at + HEADER, length - HEADER)
                                    .order(ByteOrder.nativeOrder());
                    if (type == NLMSG_ERROR) {
                        check(body, flags, what);
                        return true;
                    }
                    if (type == NLMSG_DONE) {
                        return isConsistent;
                    }
                    answers.add(body);
                    if (one) {
                        return true;
                    }
                }
                at += (length + 3) & ~3;
            }
        }
    }

    private static void check(ByteBuffer body, int flags, String what) {
        int errno = -body.getInt(0);
        if (errno == 0) {
            return;
        }
        String words = "";
        if ((flags & NLM_F_ACK_TLVS) != 0) {
            int payload = (flags & NLM_F_CAPPED) != 0 ? HEADER : body.getInt(4);
            byte[] message = attributes(body, 4 + ((payload + 3) & ~3)).get(NLMSGERR_ATTR_MSG);
            words = message == null ? "" : " (" + text(message) + ")";
        }
        throw new ErrnoException("netlink", errno, what + words);
    }

    private static Map<Integer, byte[]> attributes(ByteBuffer body, int from) {
        Map<Integer, byte[]> found = new HashMap<>();
        for (int at = from; at + 4 <= body.limit(); ) {
            int length = Short.toUnsignedInt(body.getShort(at));
            if (length < 4 || at + length > body.limit()) {
                break;
            }
            byte[] value = new byte[length - 4];
            body.get(at + 4, value);
            found.put(body.getShort(at + 2) & NLA_TYPE_MASK, value);
            at += (length + 3) & ~3;
        }
        return found;
    }

    private static Map<Integer, byte[]> attributes(byte[] value) {
        return attributes(ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()), 0);
    }

    private static String text(byte[] value) {
        int end = 0;
        while (end < value.length && value[end] != 0) {
            end++;
        }
        return KernelText.decode(Arrays.copyOf(value, end));
    }

    private static long number(byte[] value) {
        ByteBuffer raw = ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
        return switch (value.length) {
            case 1 -> raw.get() & 0xFF;
            case 2 -> raw.getShort() & 0xFFFF;
            case 4 -> raw.getInt() & 0xFFFF_FFFFL;
            default -> raw.getLong();
        };
    }

    private static OptionalInt optional(Map<Integer, byte[]> attributes, int type) {
        byte[] value = attributes.get(type);
        return value == null ? OptionalInt.empty() : OptionalInt.of((int) number(value));
    }

    private static long numberOr(Map<Integer, byte[]> attributes, int type, long absent) {
        byte[] value = attributes.get(type);
        return value == null ? absent : number(value);
    }

    private static Link decodeLink(ByteBuffer body) {
        Map<Integer, byte[]> attributes = attributes(body, 16);
        Map<Integer, byte[]> info = attributes(attributes.getOrDefault(18, new byte[0]));
        Map<Integer, byte[]> data = attributes(info.getOrDefault(2, new byte[0]));
        Optional<String> kind = Optional.ofNullable(info.get(1)).map(Netlink::text);
        int flags = body.getInt(8);
        byte[] mac = attributes.getOrDefault(1, new byte[0]);
        return new Link(
                body.getInt(4),
                text(attributes.getOrDefault(IFLA_IFNAME, new byte[0])),
                kind,
                mac.length == 6 ? Optional.of(MacAddress.of(mac)) : Optional.empty(),
                (int) numberOr(attributes, 4, 0),
                (flags & 1) != 0,
                (flags & 0x40) != 0,
                (flags & 8) != 0,
                (flags & 2) != 0,
                (flags & 0x10) != 0,
                optional(attributes, 10),
                optional(attributes, 5),
                decodeCounters(attributes.get(23)),
                kind.filter("bridge"::equals).map(_ -> decodeBridge(data)),
                kind.filter("vlan"::equals).isPresent() ? optional(data, 1) : OptionalInt.empty(),
                Optional.ofNullable(attributes.get(IFLA_IFALIAS)).map(Netlink::text));
    }

    /// `struct rtnl_link_stats64`: packets, bytes, errors, drops, each received before sent.
    private static Link.Counters decodeCounters(byte @Nullable [] stats) {
        if (stats == null || stats.length < 64) {
            return Link.Counters.ZERO;
        }
        ByteBuffer s = ByteBuffer.wrap(stats).order(ByteOrder.nativeOrder());
        return new Link.Counters(
                s.getLong(16),
                s.getLong(24),
                s.getLong(0),
                s.getLong(8),
                s.getLong(32),
                s.getLong(40),
                s.getLong(48),
                s.getLong(56));
    }

    private static Link.BridgeDetails decodeBridge(Map<Integer, byte[]> data) {
        byte[] id = data.getOrDefault(11, new byte[8]);
        var hex = java.util.HexFormat.of();
        return new Link.BridgeDetails(
                hex.formatHex(id, 0, 2) + "." + hex.formatHex(id, 2, 8),
                numberOr(data, 5, 0) != 0,
                numberOr(data, 1, 0),
                numberOr(data, 7, 0) != 0,
                (int) numberOr(data, 39, 0));
    }

    private static Optional<LinkAddress> decodeAddress(ByteBuffer body) {
        Map<Integer, byte[]> attributes = attributes(body, 8);
        // IFA_LOCAL is ours; on a point-to-point link IFA_ADDRESS is the other end. IPv6 has only
        // the latter.
        byte[] raw = attributes.getOrDefault(2, attributes.get(1));
        if (raw == null || raw.length != 4 && raw.length != 16) {
            return Optional.empty();
        }
        long flags = numberOr(attributes, 8, body.get(2) & 0xFF);
        boolean isPermanent = (flags & 0x80) != 0;
        int scope = body.get(3) & 0xFF;
        String scopeName =
                switch (scope) {
                    case 0 -> "global";
                    case 200 -> "site";
                    case 253 -> "link";
                    case 254 -> "local";
                    default -> Integer.toString(scope);
                };
        IpNetwork address = new IpNetwork(IpNetwork.ofBytes(raw), body.get(1) & 0xFF);
        return Optional.of(new LinkAddress(body.getInt(4), address, scopeName, !isPermanent));
    }

    private static Optional<Route> decodeRoute(ByteBuffer body) {
        Map<Integer, byte[]> attributes = attributes(body, 12);
        int family = body.get(0);
        long table = numberOr(attributes, 15, body.get(4) & 0xFF);
        if (table != 254 || body.get(7) != 1) {
            return Optional.empty();
        }
        byte[] destination = attributes.getOrDefault(1, new byte[family == 2 ? 4 : 16]);
        Optional<InetAddress> gateway =
                Optional.ofNullable(attributes.get(5)).map(IpNetwork::ofBytes);
        IpNetwork network = new IpNetwork(IpNetwork.ofBytes(destination), body.get(1) & 0xFF);
        int metric = (int) numberOr(attributes, 6, 0);
        return Optional.of(
                new Route(network, gateway, optional(attributes, 4), metric, body.get(5) & 0xFF));
    }

    @Override
    public void close() {
        socket.close();
    }
}
