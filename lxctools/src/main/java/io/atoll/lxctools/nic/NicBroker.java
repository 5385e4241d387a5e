package io.atoll.lxctools.nic;

import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.MacAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.linux.net.Rtnetlink.LinkOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Makes and removes interfaces of plain users, within what lxc-usernet(5) allows. The interfaces
/// themselves are the record of who has how many: there is nothing that could be out of date.
final class NicBroker {
    private static final String TYPE = "veth";
    private static final String NO_BRIDGE = "none";
    private static final int NAME_MAX = 15;
    private static final int RANDOM_MIN = 4;
    private static final int RANDOM_MAX = 8;
    private static final int TRIES_MAX = 8;
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private final Path file;
    private final Accounts accounts;
    private final SecureRandom random = new SecureRandom();

    /// Held from counting to making, so that two requests cannot both have the last one. Nothing
    /// else is locked inside but the conversation with the kernel.
    private final ReentrantLock lock = new ReentrantLock();

    /// @param file lxc-usernet(5), read anew for every request
    NicBroker(Path file, Accounts accounts) {
        this.file = file;
        this.accounts = accounts;
    }

    /// Does what a user asks for. Blocks.
    ///
    /// @param uid of the user, by the kernel's word
    /// @param net the network namespace that a new interface goes to
    /// @return what lxc-user-nic(1) prints
    /// @throws ForbiddenException if the user may not
    String serve(NicRequest request, long uid, Optional<Fd> net) {
        lock.lock();
        try (Netlink host = Netlink.open()) {
            return switch (request.verb()) {
                case CREATE -> create(host, request, user(uid), owned(net, uid));
                case DELETE -> delete(host, request.key(uid));
            };
        } finally {
            lock.unlock();
        }
    }

    private Accounts.User user(long uid) {
        return accounts.find(uid)
                .orElseThrow(() ->
                        new ForbiddenException("user id " + uid + " is no user of this host"));
    }

    /// One answer for all that is not the caller's, so that nothing can be found out by asking.
    private static Fd owned(Optional<Fd> net, long uid) {
        try {
            if (net.isPresent() && Namespaces.ownersOfNet(net.get()).contains(uid)) {
                return net.get();
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.EINVAL, Errno.EPERM, Errno.ENOTTY)) {
                throw e;
            }
        }
        throw new ForbiddenException(
                "interfaces are given only into network namespaces that belong to you");
    }

    private String create(Netlink host, NicRequest request, Accounts.User user, Fd net) {
        List<Usernet.Line> lines =
                usernet()
                        .about(
                                user.name(),
                                group -> accounts.isMember(user, group),
                                request.type(),
                                request.bridge());
        String asked = "interfaces of type " + request.type() + " on " + request.bridge();
        if (!request.type().equals(TYPE) || lines.stream().allMatch(line -> line.count() == 0)) {
            throw new ForbiddenException(
                    "user "
                            + user.name()
                            + " may have no "
                            + asked
                            + ": "
                            + file
                            + " has no line for that");
        }
        Optional<Link> bridge = bridge(host, request.bridge());
        String key = request.key(user.uid());
        // Of the same container in an earlier life: the kernel takes a dead one's away some time.
        delete(host, key);
        List<NicLabel> labels = host.links().stream().flatMap(l -> label(l).stream()).toList();
        Usernet.Line line =
                Usernet.firstFree(
                                lines, l -> (int) labels.stream().filter(x -> x.counts(l)).count())
                        .orElseThrow(() ->
                                new ForbiddenException(
                                        "user "
                                                + user.name()
                                                + " has all "
                                                + asked
                                                + " that "
                                                + file
                                                + " allows"));
        return make(host, request, new NicLabel(line.who(), line.bridge(), key), user, bridge, net);
    }

    private Usernet usernet() {
        try {
            return Usernet.parse(Files.readString(file));
        } catch (NoSuchFileException _) {
            return new Usernet(List.of());
        } catch (IOException e) {
            throw new UnavailableException("cannot read " + file, e);
        }
    }

    private static Optional<Link> bridge(Netlink host, String name) {
        if (name.equals(NO_BRIDGE)) {
            return Optional.empty();
        }
        Link found =
                host.link(name)
                        .orElseThrow(
                                () -> new NotFoundException("the host has no interface " + name));
        if (found.bridge().isEmpty()) {
            throw new InvalidConfigException(name + " is not a bridge");
        }
        return Optional.of(found);
    }

    private static Optional<NicLabel> label(Link link) {
        return link.alias().flatMap(NicLabel::parse);
    }

    private String make(
            Netlink host,
            NicRequest request,
            NicLabel label,
            Accounts.User user,
            Optional<Link> bridge,
            Fd net) {
        LinkOptions down = LinkOptions.DOWN;
        if (bridge.isPresent()) {
            down = down.mtu(bridge.get().mtu());
        }
        String name = create(host, request.nic(), user.uid(), down, net);
        try {
            // It counts before it can be used.
            host.run(Rtnetlink.setAlias(name, label.render()));
            bridge.ifPresent(b -> host.run(Rtnetlink.setMaster(name, b.name())));
            host.run(Rtnetlink.setUp(name, true));
            Link outside = host.link(name).orElseThrow();
            return request.nic()
                    + ":"
                    + outside.parentIndex().orElse(0)
                    + ":"
                    + name
                    + ":"
                    + outside.index();
        } catch (RuntimeException e) {
            deleteLink(host, name);
            throw e;
        }
    }

    private String create(Netlink host, String nic, long uid, LinkOptions down, Fd net) {
        for (int i = 0; ; i++) {
            String name = freshName(uid);
            try {
                host.run(
                        Rtnetlink.veth(
                                name,
                                down.mac(freshMac()),
                                Optional.empty(),
                                nic,
                                down,
                                new Rtnetlink.Target.Descriptor(net.number())));
                return name;
            } catch (ErrnoException e) {
                boolean isHostName = e.is(Errno.EEXIST) && host.link(name).isPresent();
                if (!isHostName || i == TRIES_MAX) {
                    throw e.is(Errno.EEXIST)
                            ? new InvalidConfigException("there is an interface " + nic, e)
                            : e;
                }
            }
        }
    }

    /// With the user's number in it where that leaves room for enough that is random.
    private String freshName(long uid) {
        String start = "veth" + uid + "_";
        if (start.length() + RANDOM_MIN > NAME_MAX) {
            start = "veth";
        }
        StringBuilder name = new StringBuilder(start);
        while (name.length() < Math.min(NAME_MAX, start.length() + RANDOM_MAX)) {
            name.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return name.toString();
    }

    /// Starts with fe, so that a bridge never takes it for its own.
    private MacAddress freshMac() {
        byte[] bytes = new byte[6];
        random.nextBytes(bytes);
        bytes[0] = (byte) 0xfe;
        return MacAddress.of(bytes);
    }

    private static String delete(Netlink host, String key) {
        for (Link link : host.links()) {
            if (label(link).filter(l -> l.key().equals(key)).isPresent()) {
                deleteLink(host, link.name());
            }
        }
        return "";
    }

    private static void deleteLink(Netlink host, String name) {
        try {
            host.run(Rtnetlink.delete(name));
        } catch (ErrnoException e) {
            // The kernel took it away with the namespace of its other end.
            if (!e.is(Errno.ENODEV)) {
                throw e;
            }
        }
    }
}
