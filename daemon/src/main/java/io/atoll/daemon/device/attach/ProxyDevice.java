package io.atoll.daemon.device.attach;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.Undo;
import io.atoll.daemon.device.ProxyConfig;
import io.atoll.daemon.device.ProxyConfig.Endpoint;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.ListenSockets;
import io.atoll.linux.Namespaces;
import io.atoll.linux.PlatformThreads;
import io.atoll.linux.UnixSockets;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.network.ProxyNat;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.NamespaceKind;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/// Passes connections on between the host and the instance: by [ProxyServer], or by rules of the
/// packet filter.
record ProxyDevice(ProxyConfig config, DeviceHost host) implements Device {
    /// Most listening sockets in one message to the server.
    private static final int SOCKETS_MAX = 200;

    private String id(Site site) {
        return site.id() + "/" + config.name();
    }

    private String natKey(Site site) {
        return HostEnd.key(site, config.name());
    }

    @Override
    public void beforeInit(Site site, Container container, Undo undo) {
        attach(site, container, undo);
    }

    @Override
    public void afterRestore(Site site, Container container, Undo undo) {
        attach(site, container, undo);
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        if (config.isNat()) {
            undo.add(() -> ProxyNat.remove(natKey(site)));
            ProxyNat.put(nat(site));
            return;
        }
        undo.add(() -> host.proxies().remove(id(site)));
        List<Fd> sockets = new ArrayList<>();
        try {
            listen(site, container, sockets, undo);
            handOver(site, container, sockets);
        } catch (ErrnoException e) {
            throw new InvalidConfigException(
                    "Failed to start device \"" + config.name() + "\": " + e.getMessage(), e);
        } finally {
            sockets.forEach(Fd::close);
        }
    }

    private ProxyNat.Rule nat(Site site) {
        Endpoint.Inet listen = (Endpoint.Inet) config.listen();
        Endpoint.Inet connect = (Endpoint.Inet) config.connect();
        boolean isV6 = listen.address().getAddress().length == 16;
        // Packets are let through to wherever this leads: to the instance, and nowhere else.
        InetAddress to =
                host.addresses(site.id(), isV6).stream()
                        .filter(a ->
                                connect.address().isAnyLocalAddress()
                                        || connect.address().equals(a))
                        .findFirst()
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        "Failed to start device \""
                                                + config.name()
                                                + "\": Proxy connect IP cannot be used with any of"
                                                + " the instance NICs static IPs"));
        return new ProxyNat.Rule(
                natKey(site),
                listen.isTcp(),
                listen.address(),
                listen.ports(),
                to,
                connect.ports());
    }

    private void listen(Site site, Container container, List<Fd> sockets, Undo undo) {
        switch (config.listen()) {
            case Endpoint.Inet inet ->
                    inNet(
                            container,
                            config.bindsInside(),
                            () -> {
                                for (int port : inet.ports()) {
                                    sockets.add(
                                            inet.isTcp()
                                                    ? ListenSockets.tcp(inet.address(), port)
                                                    : ListenSockets.udp(inet.address(), port));
                                }
                                return true;
                            });
            case Endpoint.UnixName name ->
                    inNet(
                            container,
                            config.bindsInside(),
                            () -> sockets.add(ListenSockets.abstractName(name.name())));
            case Endpoint.UnixFile file when config.bindsInside() -> {
                GuestTargets.removeSocket(site, container, file.path());
                try (Fd namespace = container.namespaceFd(NamespaceKind.MNT)) {
                    sockets.add(
                            ListenSockets.inGuest(
                                    namespace,
                                    file.path(),
                                    site.hostUid(config.owner().uid()),
                                    site.hostGid(config.owner().gid()),
                                    config.owner().mode()));
                }
                undo.add(() -> GuestTargets.removeSocket(site, container, file.path()));
            }
            case Endpoint.UnixFile file -> {
                removeStale(file.path());
                sockets.add(
                        ListenSockets.atPath(
                                file.path(),
                                config.owner().uid(),
                                config.owner().gid(),
                                config.owner().mode()));
                undo.add(() -> removeFile(file.path()));
            }
        }
    }

    private static <T> T inNet(Container container, boolean isInside, Callable<T> work) {
        if (!isInside) {
            return PlatformThreads.call(work);
        }
        try (Fd namespace = container.namespaceFd(NamespaceKind.NET);
                Netlink there = Netlink.openIn(namespace)) {
            // Where no address is yet, the kernel takes every address for one that can be had.
            PlatformThreads.run(() -> there.run(Rtnetlink.setUp("lo", true)));
            return Namespaces.inNet(namespace, work);
        }
    }

    /// A socket that a crash left, to which nobody listens; everything else stays and is in the
    /// way.
    private static void removeStale(String path) {
        try {
            if (FileStat.of(path).type() == FileStat.Type.SOCKET) {
                UnixSockets.connect(UnixSockets.Type.STREAM, Path.of(path)).close();
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.ECONNREFUSED)) {
                removeFile(path);
            }
        }
    }

    private static void removeFile(String path) {
        try {
            Files.deleteIfExists(Path.of(path));
        } catch (IOException e) {
            throw new io.atoll.base.InternalException("Failed to remove socket " + path, e);
        }
    }

    private void handOver(Site site, Container container, List<Fd> sockets) {
        boolean isFromHost = config.bindsInside();
        Optional<Fd> net =
                isFromHost
                        ? Optional.empty()
                        : Optional.of(container.namespaceFd(NamespaceKind.NET));
        Optional<Fd> root =
                isFromHost || !(config.connect() instanceof Endpoint.UnixFile)
                        ? Optional.empty()
                        : Optional.of(container.rootFd());
        try {
            for (int from = 0; from < sockets.size(); from += SOCKETS_MAX) {
                int to = Math.min(sockets.size(), from + SOCKETS_MAX);
                host.proxies()
                        .add(
                                new ProxyServer.Proxy(
                                        id(site) + "/" + from,
                                        isDatagram() ? "datagram" : "stream",
                                        config.saysWho(),
                                        config.asUser(),
                                        targets(sockets.size()).subList(from, to),
                                        sockets.subList(from, to),
                                        net,
                                        root));
            }
        } finally {
            net.ifPresent(Fd::close);
            root.ifPresent(Fd::close);
        }
    }

    private boolean isDatagram() {
        return config.listen() instanceof Endpoint.Inet inet && !inet.isTcp();
    }

    /// Where the connections of each listening socket go.
    private List<String> targets(int count) {
        List<String> out = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            out.add(
                    switch (config.connect()) {
                        case Endpoint.Inet inet ->
                                "inet "
                                        + IpNetwork.text(inet.address())
                                        + " "
                                        + inet.ports().get(inet.ports().size() == 1 ? 0 : i);
                        case Endpoint.UnixFile file -> "unix " + file.path();
                        case Endpoint.UnixName name -> "abstract " + name.name();
                    });
        }
        return out;
    }

    @Override
    public void detach(Site site, Container container) {
        stop(site);
        if (config.bindsInside() && config.listen() instanceof Endpoint.UnixFile file) {
            GuestTargets.removeSocket(site, container, file.path());
        }
    }

    private void stop(Site site) {
        if (config.isNat()) {
            ProxyNat.remove(natKey(site));
            return;
        }
        host.proxies().remove(id(site));
        if (!config.bindsInside() && config.listen() instanceof Endpoint.UnixFile file) {
            removeFile(file.path());
        }
    }

    /// The process that passes connections on lives on without us, unless somebody ended it.
    @Override
    public void resume(Site site, Container container) {
        if (config.isNat()) {
            ProxyNat.put(nat(site));
        } else if (host.proxies().ids().stream().noneMatch(i -> i.startsWith(id(site) + "/"))) {
            try (Undo undo = new Undo()) {
                attach(site, container, undo);
                undo.keep();
            }
        }
    }

    @Override
    public void restore(Site site) {
        if (config.isNat()) {
            ProxyNat.put(nat(site));
        }
    }

    @Override
    public void afterStop(Site site) {
        stop(site);
    }
}
