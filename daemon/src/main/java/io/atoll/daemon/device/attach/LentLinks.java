package io.atoll.daemon.device.attach;

import io.atoll.linux.Fd;
import io.atoll.linux.Namespaces;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.NamespaceKind;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Links of the host that are inside instances which were started without them. The plan of such a
/// start does not bring them back; and the kernel brings home cards only, other links it deletes
/// with the namespace they are in. So namespaces are held open until what was lent is back.
///
/// @param namespaces by the links' key
record LentLinks(Map<String, Fd> namespaces) {
    static final LentLinks KERNEL = new LentLinks(new ConcurrentHashMap<>());

    /// Holds the namespace of a container, in place of one that was held for this key.
    void lend(String key, Container container) {
        close(namespaces.put(key, container.namespaceFd(NamespaceKind.NET)));
    }

    /// Brings a link back if it was lent and is still inside.
    ///
    /// @param guestName its name inside
    void bringBack(String key, String guestName, String link) {
        Fd namespace = namespaces.remove(key);
        if (namespace != null) {
            try (namespace) {
                move(namespace, guestName, link);
            }
        }
    }

    /// It came back otherwise.
    void forget(String key) {
        close(namespaces.remove(key));
    }

    private static void close(@Nullable Fd namespace) {
        Optional.ofNullable(namespace).ifPresent(Fd::close);
    }

    /// Moves a link from a namespace to the host's; none is fine.
    static void move(Fd namespace, String guestName, String link) {
        try (Fd own = Namespaces.ownNet();
                Netlink there = Netlink.openIn(namespace)) {
            if (there.link(guestName).isPresent()) {
                there.run(Rtnetlink.setUp(guestName, false));
                there.run(
                        Rtnetlink.move(
                                guestName, link, new Rtnetlink.Target.Descriptor(own.number())));
            }
        }
    }
}
