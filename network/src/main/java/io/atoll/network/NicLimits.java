package io.atoll.network;

import io.atoll.base.json.Json;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Nftables;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/// Throughput of instances' network cards, at the host's end of their pairs, where the instance
/// cannot reach.
///
/// What goes to the instance waits in a token bucket (tc-tbf(8)). What comes from it is dropped
/// above the limit by a chain of the table `netdev atoll` that sees frames as they arrive: every
/// kernel with nf_tables can do that, while tc's policing is a module that some leave out.
public final class NicLimits {
    private static final String TABLE = "netdev atoll";
    private static final String CHAIN = "egress.";

    /// What may come at once before the rate counts, at least; a TCP sender needs it to get going.
    private static final long BURST_BYTES = 1 << 20;

    /// One change at a time: whether the table can go is read before it is written; leaf lock.
    private static final ReentrantLock LOCK = new ReentrantLock();

    private NicLimits() {}

    /// The transaction that limits what one card sends and says how urgent it is; pure.
    static String render(
            String key, String hostInterface, long bytesPerSecond, OptionalLong priority) {
        String chain = TABLE + " " + CHAIN + key;
        return "add table "
                + TABLE
                + "\nadd chain "
                + chain
                + "\ndelete chain "
                + chain
                + "\nadd chain "
                + chain
                + " { type filter hook ingress device \""
                + hostInterface
                + "\" priority -100; policy accept; }\n"
                + (bytesPerSecond > 0 ? "add rule " + chain + rate(bytesPerSecond) : "")
                + (priority.isPresent() ? "add rule " + chain + mark(priority.getAsLong()) : "");
    }

    private static String rate(long bytesPerSecond) {
        return " limit rate over "
                + bytesPerSecond
                + " bytes/second burst "
                + Math.max(BURST_BYTES, bytesPerSecond / 8)
                + " bytes drop\n";
    }

    /// In the words of tc(8), for which a priority is a class: two numbers of 16 bits.
    private static String mark(long priority) {
        return " meta priority set "
                + Long.toHexString(priority >> 16)
                + ":"
                + Long.toHexString(priority & 0xffff)
                + "\n";
    }

    /// Makes the limits of a card hold, in place of those it had.
    ///
    /// @param key which card, as in [StaticHost]
    /// @param hostInterface the host's end of it
    /// @param ingressBits to the instance, per second; 0 for unlimited
    /// @param egressBits from the instance, likewise
    /// @param priority of what it sends, which the queues of the host's interfaces go by
    public static void put(
            String key,
            String hostInterface,
            long ingressBits,
            long egressBits,
            OptionalLong priority) {
        StaticHost.checkKey(key);
        InterfaceNames.check(hostInterface);
        try (Netlink netlink = Netlink.open()) {
            if (ingressBits > 0) {
                netlink.run(Rtnetlink.limitRate(hostInterface, Math.max(1, ingressBits / 8)));
            } else {
                unlimit(netlink, hostInterface);
            }
        }
        if (egressBits == 0 && priority.isEmpty()) {
            remove(key);
            return;
        }
        LOCK.lock();
        try {
            Nftables.run(
                    render(
                            key,
                            hostInterface,
                            Math.max(egressBits > 0 ? 1 : 0, egressBits / 8),
                            priority));
        } finally {
            LOCK.unlock();
        }
    }

    private static void unlimit(Netlink netlink, String hostInterface) {
        try {
            netlink.run(Rtnetlink.unlimitRate(hostInterface));
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT, Errno.EINVAL)) {
                throw e;
            }
        }
    }

    /// Removes what is left of a card whose interface is gone: the rules, and the table with the
    /// last of them. None is fine.
    public static void remove(String key) {
        StaticHost.checkKey(key);
        LOCK.lock();
        try {
            List<String> chains = chains();
            if (!chains.contains(CHAIN + key)) {
                return;
            }
            Nftables.run(
                    chains.size() == 1
                            ? "delete table " + TABLE + "\n"
                            : "delete chain " + TABLE + " " + CHAIN + key + "\n");
        } finally {
            LOCK.unlock();
        }
    }

    private static List<String> chains() {
        if (!Nftables.hasTable(Nftables.Family.NETDEV, "atoll")) {
            return List.of();
        }
        return Json.parse(Nftables.runForJson("list chains netdev"))
                .get("nftables")
                .asList()
                .stream()
                .map(entry -> entry.get("chain"))
                .filter(chain -> chain.get("table").asString().equals("atoll"))
                .map(chain -> chain.get("name").asString())
                .toList();
    }
}
