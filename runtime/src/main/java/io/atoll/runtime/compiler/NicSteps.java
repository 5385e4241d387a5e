package io.atoll.runtime.compiler;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.plan.Namespace;
import io.atoll.plan.Place;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.runtime.criu.CriuArguments;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.NicLink;
import io.atoll.runtime.spec.NicSpec;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Network interfaces: made by the host right inside the child's namespace, configured by the
/// child.
final class NicSteps {
    private static final int VETH_INFO_PEER = 1;
    private static final int IFLA_MACVLAN_MODE = 1;
    private static final int IFLA_IPVLAN_MODE = 1;
    private static final int IFLA_IPVLAN_FLAGS = 2;
    private static final int IFLA_VLAN_ID = 1;
    private static final String LOOPBACK = "lo";

    private final PlanDraft draft;
    private final LinkNames names;
    private final List<CriuArguments.Link> links = new ArrayList<>();

    /// By their names inside, the names of the host's links while they are moved.
    private final Map<String, String> arriving = new HashMap<>();

    private Slot hostNet = Slot.NONE;
    private Slot ownNet = Slot.NONE;

    NicSteps(PlanDraft draft, LinkNames names) {
        this.draft = draft;
        this.names = names;
        List<NicSpec> nics = draft.spec.network().nics();
        if (!nics.isEmpty() && !hasOwnNetwork()) {
            throw new InvalidConfigException(
                    "container "
                            + draft.spec.id()
                            + " shares a network namespace and cannot have interfaces of its own");
        }
    }

    private boolean hasOwnNetwork() {
        return draft.spec.namespaces().fresh().contains(NamespaceKind.NET);
    }

    /// What CRIU is told of the interfaces; known after [#gate].
    ///
    /// @throws UnsupportedException if there is one that it cannot make
    List<CriuArguments.Link> links() {
        if (links.size() < draft.spec.network().nics().size()) {
            throw new UnsupportedException(
                    "only interfaces of the types veth and macvlan can be restored");
        }
        return links;
    }

    void gate() {
        for (NicSpec nic : draft.spec.network().nics()) {
            switch (nic.link()) {
                case NicLink.Veth veth -> veth(nic, veth);
                case NicLink.Macvlan(String parent, NicLink.Macvlan.MacvlanMode mode) -> {
                    links.add(new CriuArguments.Link("macvlan", nic.name(), parent));
                    stacked(nic, "macvlan", parent, m -> m.number(IFLA_MACVLAN_MODE, mode.code()));
                }
                case NicLink.Ipvlan(
                                String parent,
                                NicLink.Ipvlan.IpvlanMode mode,
                                NicLink.Ipvlan.Isolation isolation) ->
                        stacked(
                                nic,
                                "ipvlan",
                                parent,
                                m ->
                                        m.shortNumber(IFLA_IPVLAN_MODE, mode.code())
                                                .shortNumber(IFLA_IPVLAN_FLAGS, isolation.code()));
                case NicLink.Vlan(String parent, int id) ->
                        stacked(nic, "vlan", parent, m -> m.shortNumber(IFLA_VLAN_ID, id));
                case NicLink.Phys phys -> physical(nic, phys);
                case NicLink.Granted granted -> granted(nic, granted);
            }
            nic.answeredOn().ifPresent(link -> answerForAddresses(nic, link));
            nic.upHooks().forEach(hook -> draft.gate.add(HookSteps.run(hook)));
        }
    }

    /// The kernel answers only for what it would not reach over the same link. The addresses of an
    /// ipvlan it would; a route over the loopback interface, which no packet of the ipvlan's takes,
    /// keeps it from that.
    private void answerForAddresses(NicSpec nic, String link) {
        for (String text : nic.addresses()) {
            InetAddress address = Network.parse(text).address();
            if (nic.link() instanceof NicLink.Ipvlan) {
                int length = address.getAddress().length * Byte.SIZE;
                draft.gate.add(LinkMessage.newRoute(LOOPBACK, address, length, null).toStep());
                draft.gone.add(
                        new Step.IfPossible(
                                LinkMessage.deleteRoute(LOOPBACK, address, length).toStep()));
            }
            draft.gate.add(LinkMessage.newProxyNeighbour(link, address).toStep());
            draft.gone.add(
                    new Step.IfPossible(LinkMessage.deleteProxyNeighbour(link, address).toStep()));
        }
    }

    private void veth(NicSpec nic, NicLink.Veth veth) {
        String hostName = veth.hostName().orElseGet(names::nextName);
        links.add(
                new CriuArguments.Link(
                        "veth",
                        nic.name(),
                        hostName + veth.bridge().map(bridge -> "@" + bridge).orElse("")));
        LinkMessage message = LinkMessage.newLink(true).text(LinkMessage.IFLA_IFNAME, hostName);
        message.mac(veth.hostMac().orElseGet(names::nextMac));
        nic.mtu().ifPresent(mtu -> message.number(LinkMessage.IFLA_MTU, mtu));
        veth.bridge().ifPresent(bridge -> message.interfaceIndex(LinkMessage.IFLA_MASTER, bridge));
        message.queues(veth.queues());
        message.begin(LinkMessage.IFLA_LINKINFO).text(LinkMessage.IFLA_INFO_KIND, "veth");
        message.begin(LinkMessage.IFLA_INFO_DATA).begin(VETH_INFO_PEER).peerHeader();
        inside(nic, message);
        message.queues(veth.queues());
        draft.gate.add(message.end().end().end().toStep());
        port(hostName, veth);
        for (String route : veth.hostRoutes()) {
            Network network = Network.parse(route);
            draft.gate.add(
                    LinkMessage.newRoute(hostName, network.address(), network.prefixLength(), null)
                            .toStep());
        }
        if (veth.bridge().isEmpty()) {
            answerForGateways(nic, hostName);
        }
        nic.downHooks().forEach(hook -> draft.gone.add(HookSteps.run(hook)));
        // The kernel would do it too, but only after a while, and a restart needs the name. Where
        // none does, the end need not wait until all that change links are through.
        Step delete = new Step.IfPossible(LinkMessage.deleteLink(hostName).toStep());
        if (!veth.isLeft()) {
            draft.gone.add(delete);
        } else if (draft.spec.isRebooted()) {
            draft.gone.add(new Step.AtReboot(delete));
        }
    }

    /// Without a bridge nobody has the gateway's address: the host answers for it.
    private void answerForGateways(NicSpec nic, String hostName) {
        for (String gateway : nic.gateways()) {
            boolean isAddress =
                    !gateway.equals(NicSpec.DEVICE_GATEWAY)
                            && !gateway.equals(NicSpec.DEVICE_GATEWAY_V6);
            if (isAddress) {
                draft.gate.add(
                        new Step.IfPossible(
                                LinkMessage.newProxyNeighbour(hostName, Network.address(gateway))
                                        .toStep()));
            }
        }
    }

    private void port(String hostName, NicLink.Veth veth) {
        if (veth.isIsolated()) {
            draft.gate.add(
                    new Step.WriteFile(
                            Place.host("/sys/class/net/" + hostName + "/brport/isolated"),
                            "1",
                            Step.WriteMode.EXISTING));
        }
        if (veth.vlan().isPresent() || !veth.taggedVlans().isEmpty()) {
            draft.gate.add(LinkMessage.deleteVlan(hostName, 1).toStep());
            veth.vlan()
                    .ifPresent(
                            id -> draft.gate.add(LinkMessage.addVlan(hostName, id, true).toStep()));
            veth.taggedVlans()
                    .forEach(id ->
                            draft.gate.add(LinkMessage.addVlan(hostName, id, false).toStep()));
        }
    }

    /// Name, address, mtu and namespace of the end inside. It must not be up yet: the kernel
    /// refuses that for a peer in another namespace.
    private static void inside(NicSpec nic, LinkMessage message) {
        message.text(LinkMessage.IFLA_IFNAME, nic.name());
        nic.mac().ifPresent(message::mac);
        nic.mtu().ifPresent(mtu -> message.number(LinkMessage.IFLA_MTU, mtu));
        message.childNamespace();
    }

    private interface InfoData {
        LinkMessage write(LinkMessage message);
    }

    private void stacked(NicSpec nic, String kind, String parent, InfoData data) {
        LinkMessage message = LinkMessage.newLink(false);
        inside(nic, message);
        message.interfaceIndex(LinkMessage.IFLA_LINK, parent);
        message.begin(LinkMessage.IFLA_LINKINFO).text(LinkMessage.IFLA_INFO_KIND, kind);
        data.write(message.begin(LinkMessage.IFLA_INFO_DATA));
        draft.gate.add(message.end().end().toStep());
        nic.downHooks().forEach(hook -> draft.gone.add(HookSteps.run(hook)));
    }

    private void granted(NicSpec nic, NicLink.Granted granted) {
        draft.gate.add(HookSteps.run(granted.ask()));
        nic.downHooks().forEach(hook -> draft.gone.add(HookSteps.run(hook)));
        // It goes with the namespace in any case, only later.
        draft.gone.add(new Step.IfPossible(HookSteps.run(granted.giveBack())));
    }

    /// A link of the host's goes in, and comes back under its old name before the namespace dies;
    /// the namespace is held open until then. The kernel moves first and renames then, and what it
    /// could not rename stays inside: so it has a name of nobody's on the way, by which it is found
    /// after a start that failed in between.
    private void physical(NicSpec nic, NicLink.Phys phys) {
        if (hostNet.isNone()) {
            hostNet = draft.newSlot();
            ownNet = draft.newSlot();
            draft.gate.add(
                    new Step.Open(
                            hostNet, Place.host("/proc/thread-self/ns/net"), Step.OpenMode.READ));
            draft.gate.add(new Step.Keep(hostNet));
            draft.gate.add(new Step.Open(ownNet, Place.childProc("ns/net"), Step.OpenMode.READ));
            draft.gate.add(new Step.Keep(ownNet));
        }
        // One that keeps its name is never called otherwise: there are links whose owner minds.
        boolean isRenamed = !nic.name().equals(phys.parent());
        String onTheWay = isRenamed ? names.nextName() : nic.name();
        LinkMessage in =
                LinkMessage.setLink(phys.parent(), false).text(LinkMessage.IFLA_IFNAME, onTheWay);
        nic.mac().ifPresent(in::mac);
        nic.mtu().ifPresent(mtu -> in.number(LinkMessage.IFLA_MTU, mtu));
        draft.gate.add(in.childNamespace().toStep());
        if (isRenamed) {
            arriving.put(nic.name(), onTheWay);
        }
        nic.downHooks().forEach(hook -> draft.gone.add(HookSteps.run(hook)));
        draft.gone.add(new Step.EnterNamespaces(ownNet, EnumSet.of(Namespace.NETWORK)));
        draft.gone.add(back(nic.name(), phys));
        if (isRenamed) {
            draft.gone.add(new Step.IfPossible(back(onTheWay, phys)));
        }
        draft.gone.add(new Step.EnterNamespaces(hostNet, EnumSet.of(Namespace.NETWORK)));
    }

    private Step back(String name, NicLink.Phys phys) {
        LinkMessage back =
                LinkMessage.setLink(name, false).text(LinkMessage.IFLA_IFNAME, phys.parent());
        phys.mtu().ifPresent(mtu -> back.number(LinkMessage.IFLA_MTU, mtu));
        phys.mac().ifPresent(back::mac);
        return back.namespace(hostNet).toStep();
    }

    void child() {
        if (hasOwnNetwork() && draft.spec.network().isLoopbackUp()) {
            draft.child.add(LinkMessage.setLink(LOOPBACK, true).toStep());
        }
        for (NicSpec nic : draft.spec.network().nics()) {
            if (nic.link() instanceof NicLink.Granted
                    && (nic.mac().isPresent() || nic.mtu().isPresent())) {
                // Whoever made it was not told.
                LinkMessage message = LinkMessage.setLink(nic.name(), false);
                nic.mac().ifPresent(message::mac);
                nic.mtu().ifPresent(mtu -> message.number(LinkMessage.IFLA_MTU, mtu));
                draft.child.add(message.toStep());
            }
            if (arriving.containsKey(nic.name())) {
                draft.child.add(
                        LinkMessage.setLink(arriving.get(nic.name()), false)
                                .text(LinkMessage.IFLA_IFNAME, nic.name())
                                .toStep());
            }
            for (String text : nic.addresses()) {
                Network network = Network.parse(text);
                draft.child.add(
                        LinkMessage.newAddress(
                                        nic.name(), network.address(), network.prefixLength())
                                .toStep());
            }
            if (nic.isUp() || !nic.addresses().isEmpty()) {
                draft.child.add(LinkMessage.setLink(nic.name(), true).toStep());
            }
            nic.gateways().forEach(gateway -> gateway(nic, gateway));
            for (NicSpec.Route route : nic.routes()) {
                Network network = Network.parse(route.destination());
                route(nic.name(), network, route.gateway().map(Network::address).orElse(null));
            }
        }
    }

    /// A gateway outside of every network of the interface gets a route of its own first.
    private void gateway(NicSpec nic, String text) {
        boolean isDevice =
                text.equals(NicSpec.DEVICE_GATEWAY) || text.equals(NicSpec.DEVICE_GATEWAY_V6);
        String nowhere = text.equals(NicSpec.DEVICE_GATEWAY) ? "0.0.0.0" : "::";
        InetAddress gateway = Network.address(isDevice ? nowhere : text);
        Network everything = Network.everything(gateway);
        if (isDevice) {
            route(nic.name(), everything, null);
            return;
        }
        boolean isNear =
                nic.addresses().stream().map(Network::parse).anyMatch(n -> n.contains(gateway));
        if (!isNear) {
            route(nic.name(), Network.single(gateway), null);
        }
        route(nic.name(), everything, gateway);
    }

    private void route(String link, Network network, @Nullable InetAddress gateway) {
        draft.child.add(
                LinkMessage.newRoute(link, network.first(), network.prefixLength(), gateway)
                        .toStep());
    }
}
