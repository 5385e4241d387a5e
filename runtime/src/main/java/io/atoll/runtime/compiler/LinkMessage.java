package io.atoll.runtime.compiler;

import io.atoll.plan.Blob;
import io.atoll.plan.Patch;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.MacAddress;
import io.atoll.runtime.spec.NicLink;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Builds one rtnetlink request whose blanks (a pid, the index of an interface) the shim fills in;
/// rtnetlink(7). Attributes are added in order; [#begin] and [#end] nest them.
final class LinkMessage {
    static final int RTM_NEWLINK = 16;
    static final int RTM_DELLINK = 17;
    static final int RTM_SETLINK = 19;
    static final int RTM_NEWADDR = 20;
    static final int RTM_NEWROUTE = 24;
    static final int RTM_DELROUTE = 25;
    static final int RTM_NEWNEIGH = 28;
    static final int RTM_DELNEIGH = 29;

    static final int IFLA_ADDRESS = 1;
    static final int IFLA_IFNAME = 3;
    static final int IFLA_MTU = 4;
    static final int IFLA_LINK = 5;
    static final int IFLA_MASTER = 10;
    static final int IFLA_LINKINFO = 18;
    static final int IFLA_NET_NS_PID = 19;
    static final int IFLA_AF_SPEC = 26;
    static final int IFLA_NET_NS_FD = 28;
    static final int IFLA_NUM_TX_QUEUES = 31;
    static final int IFLA_NUM_RX_QUEUES = 32;
    static final int IFLA_INFO_KIND = 1;
    static final int IFLA_INFO_DATA = 2;

    private static final int NLM_F_REQUEST = 1;
    private static final int NLM_F_ACK = 4;
    private static final int NLM_F_EXCL = 0x200;
    private static final int NLM_F_CREATE = 0x400;
    private static final int IFF_UP = 1;
    private static final int SIZE_MAX = 4096;
    private static final int NESTED = 0x8000;
    private static final int HEADER_BYTES = 16;
    private static final int LINK_INDEX_OFFSET = HEADER_BYTES + 4;

    private final ByteBuffer bytes = ByteBuffer.allocate(SIZE_MAX).order(ByteOrder.nativeOrder());
    private final List<Patch> patches = new ArrayList<>();
    private final Deque<Integer> open = new ArrayDeque<>();

    private LinkMessage(int type, int flags) {
        bytes.putInt(0)
                .putShort((short) type)
                .putShort((short) (NLM_F_REQUEST | NLM_F_ACK | flags))
                .putInt(0)
                .putInt(0);
    }

    /// A request to make a link; up at once if asked for.
    static LinkMessage newLink(boolean isUp) {
        LinkMessage message = new LinkMessage(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        message.linkHeader(isUp);
        return message;
    }

    /// A request to change the link of that name.
    static LinkMessage setLink(String name, boolean isUp) {
        LinkMessage message = new LinkMessage(RTM_NEWLINK, 0);
        message.linkHeader(isUp);
        message.patches.add(new Patch.InterfaceIndex(LINK_INDEX_OFFSET, name));
        return message;
    }

    /// A request to delete the link of that name.
    static LinkMessage deleteLink(String name) {
        LinkMessage message = new LinkMessage(RTM_DELLINK, 0);
        message.linkHeader(false);
        return message.text(IFLA_IFNAME, name);
    }

    /// A request to give an address, in CIDR notation, to the link of that name.
    static LinkMessage newAddress(String link, InetAddress address, int prefixLength) {
        LinkMessage message = new LinkMessage(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
        message.bytes
                .put((byte) family(address))
                .put((byte) prefixLength)
                .put((byte) 0)
                .put((byte) 0);
        message.patches.add(new Patch.InterfaceIndex(message.bytes.position(), link));
        message.bytes.putInt(0);
        message.raw(2, address.getAddress()); // IFA_LOCAL
        if (address.getAddress().length == 4 && prefixLength < 31) {
            int all = java.nio.ByteBuffer.wrap(address.getAddress()).getInt() | -1 >>> prefixLength;
            message.raw(4, ByteBuffer.allocate(4).putInt(all).array()); // IFA_BROADCAST
        }
        return message.raw(1, address.getAddress()); // IFA_ADDRESS
    }

    /// A request for a route over the link of that name.
    ///
    /// @param gateway the next hop, or null for a route by link
    static LinkMessage newRoute(
            String link,
            InetAddress destination,
            int prefixLength,
            @org.jspecify.annotations.Nullable InetAddress gateway) {
        LinkMessage message = new LinkMessage(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
        return route(message, link, destination, prefixLength, gateway);
    }

    private static LinkMessage route(
            LinkMessage message,
            String link,
            InetAddress destination,
            int prefixLength,
            @org.jspecify.annotations.Nullable InetAddress gateway) {
        int scope = gateway == null ? 253 : 0; // RT_SCOPE_LINK, RT_SCOPE_UNIVERSE
        message.bytes
                .put((byte) family(destination))
                .put((byte) prefixLength)
                .put((byte) 0)
                .put((byte) 0)
                .put((byte) 254) // RT_TABLE_MAIN
                .put((byte) 3) // RTPROT_BOOT
                .put((byte) scope)
                .put((byte) 1) // RTN_UNICAST
                .putInt(0);
        if (prefixLength > 0) {
            message.raw(1, destination.getAddress()); // RTA_DST
        }
        if (gateway != null) {
            message.raw(5, gateway.getAddress()); // RTA_GATEWAY
        }
        return message.interfaceIndex(4, link); // RTA_OIF
    }

    /// A request to take away the route over the link of that name.
    static LinkMessage deleteRoute(String link, InetAddress destination, int prefixLength) {
        return route(new LinkMessage(RTM_DELROUTE, 0), link, destination, prefixLength, null);
    }

    /// A request to answer for an address on the link of that name; ip-neighbour(8), `proxy`.
    static LinkMessage newProxyNeighbour(String link, InetAddress address) {
        return proxyNeighbour(new LinkMessage(RTM_NEWNEIGH, NLM_F_CREATE), link, address);
    }

    /// A request to do so no longer.
    static LinkMessage deleteProxyNeighbour(String link, InetAddress address) {
        return proxyNeighbour(new LinkMessage(RTM_DELNEIGH, 0), link, address);
    }

    private static LinkMessage proxyNeighbour(
            LinkMessage message, String link, InetAddress address) {
        message.bytes.put((byte) family(address)).put((byte) 0).putShort((short) 0);
        message.patches.add(new Patch.InterfaceIndex(message.bytes.position(), link));
        message.bytes.putInt(0).putShort((short) 0x80); // NUD_PERMANENT
        message.bytes.put((byte) 8).put((byte) 0); // NTF_PROXY
        return message.raw(1, address.getAddress()); // NDA_DST
    }

    /// A request to let a VLAN through a port of a filtering bridge. It must be `RTM_SETLINK`: the
    /// kernel takes `RTM_NEWLINK` too, and does nothing.
    ///
    /// @param isUntagged true for the one VLAN whose packets go out and come in without a tag
    static LinkMessage addVlan(String port, int id, boolean isUntagged) {
        LinkMessage message = new LinkMessage(RTM_SETLINK, 0).bridgeHeader(port);
        return message.vlan(
                id, isUntagged ? 2 | 4 : 0); // BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED
    }

    /// A request to stop a VLAN at a port of a filtering bridge.
    static LinkMessage deleteVlan(String port, int id) {
        return new LinkMessage(RTM_DELLINK, 0).bridgeHeader(port).vlan(id, 0);
    }

    private LinkMessage bridgeHeader(String port) {
        bytes.put((byte) 7).put((byte) 0).putShort((short) 0); // AF_BRIDGE
        patches.add(new Patch.InterfaceIndex(bytes.position(), port));
        bytes.putInt(0).putInt(0).putInt(0);
        return this;
    }

    private LinkMessage vlan(int id, int flags) {
        begin(IFLA_AF_SPEC).attribute(2, 4); // IFLA_BRIDGE_VLAN_INFO
        bytes.putShort((short) flags).putShort((short) id);
        return end();
    }

    private static int family(InetAddress address) {
        return address.getAddress().length == 4 ? 2 : 10; // AF_INET, AF_INET6
    }

    /// struct ifinfomsg, also at the start of veth's peer.
    private void linkHeader(boolean isUp) {
        bytes.put((byte) 0).put((byte) 0).putShort((short) 0).putInt(0);
        bytes.putInt(isUp ? IFF_UP : 0).putInt(isUp ? IFF_UP : 0);
    }

    LinkMessage peerHeader() {
        linkHeader(false);
        return this;
    }

    LinkMessage text(int type, String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        byte[] terminated = java.util.Arrays.copyOf(utf8, utf8.length + 1);
        return raw(type, terminated);
    }

    LinkMessage number(int type, int value) {
        attribute(type, 4);
        bytes.putInt(value);
        return this;
    }

    LinkMessage shortNumber(int type, int value) {
        attribute(type, 2);
        bytes.putShort((short) value);
        return align();
    }

    LinkMessage byteNumber(int type, int value) {
        return raw(type, new byte[] {(byte) value});
    }

    LinkMessage queues(NicLink.Veth.Queues queues) {
        return number(IFLA_NUM_TX_QUEUES, queues.transmit())
                .number(IFLA_NUM_RX_QUEUES, queues.receive());
    }

    LinkMessage mac(MacAddress address) {
        return raw(IFLA_ADDRESS, address.bytes());
    }

    /// The namespace of the container's first process.
    LinkMessage childNamespace() {
        attribute(IFLA_NET_NS_PID, 4);
        patches.add(new Patch.ChildPid(bytes.position()));
        bytes.putInt(0);
        return this;
    }

    /// The namespace that a slot holds.
    LinkMessage namespace(Slot slot) {
        attribute(IFLA_NET_NS_FD, 4);
        patches.add(new Patch.Descriptor(bytes.position(), slot));
        bytes.putInt(0);
        return this;
    }

    /// The index of a link of that name, found when the step runs.
    LinkMessage interfaceIndex(int type, String name) {
        attribute(type, 4);
        patches.add(new Patch.InterfaceIndex(bytes.position(), name));
        bytes.putInt(0);
        return this;
    }

    LinkMessage raw(int type, byte[] value) {
        attribute(type, value.length);
        bytes.put(value);
        return align();
    }

    LinkMessage begin(int type) {
        open.push(bytes.position());
        bytes.putShort((short) 0).putShort((short) type);
        return this;
    }

    LinkMessage beginNested(int type) {
        return begin(type | NESTED);
    }

    LinkMessage end() {
        int start = open.pop();
        bytes.putShort(start, (short) (bytes.position() - start));
        return this;
    }

    private void attribute(int type, int length) {
        bytes.putShort((short) (4 + length)).putShort((short) type);
    }

    private LinkMessage align() {
        while (bytes.position() % 4 != 0) {
            bytes.put((byte) 0);
        }
        return this;
    }

    Step.SendNetlink toStep() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("an attribute was not ended");
        }
        int length = bytes.position();
        bytes.putInt(0, length);
        return new Step.SendNetlink(
                Blob.of(java.util.Arrays.copyOf(bytes.array(), length)), patches);
    }
}
