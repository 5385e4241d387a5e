package io.atoll.daemon.server;

import io.atoll.base.UnavailableException;
import io.atoll.daemon.network.Announcements;
import io.atoll.daemon.warning.Warning;
import io.atoll.daemon.warning.Warnings;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.bgp.BgpIdentity;
import io.atoll.network.bgp.BgpPeer;
import io.atoll.network.bgp.PeerState;
import io.atoll.network.bgp.Speaker;
import java.net.Inet4Address;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Keeps the speaker of BGP as the keys `core.bgp_*` say, and has it tell what is announced. While
/// one of them is missing there is none.
public final class BgpListener
        implements ServerConfig.Follower, Announcements.Follower, AutoCloseable {
    private record Settings(ListenAddress address, BgpIdentity self) {}

    private final Announcements announcements;
    private final ServerConfig config;
    private final Warnings warnings;

    /// Held while one is closed and another opened, and while one is told: the last content is told
    /// last.
    private final ReentrantLock lock = new ReentrantLock();

    private Optional<Settings> settings = Optional.empty();
    private Optional<Speaker> speaker = Optional.empty();

    public BgpListener(Announcements announcements, ServerConfig config, Warnings warnings) {
        this.announcements = announcements;
        this.config = config;
        this.warnings = warnings;
    }

    /// Speaks as configured when the daemon starts, once the interfaces of instances that run are
    /// known; an address that cannot be had is warned about.
    public void start() {
        announcements.follow(this);
        config.begin(this, warnings, "Cannot speak BGP", Warning.Severity.MODERATE);
    }

    @Override
    public void apply(Map<String, String> wanted) {
        Optional<Settings> next = settings(wanted);
        lock.lock();
        try {
            if (next.equals(settings)) {
                return;
            }
            speaker.ifPresent(Speaker::leave);
            speaker = Optional.empty();
            settings = Optional.empty();
            if (next.isPresent()) {
                speaker = Optional.of(open(next.get()));
                settings = next;
                tell();
            }
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Settings> settings(Map<String, String> config) {
        String address = config.getOrDefault(ServerKey.BGP_ADDRESS.key(), "");
        String asn = config.getOrDefault(ServerKey.BGP_ASN.key(), "");
        String routerId = config.getOrDefault(ServerKey.BGP_ROUTER_ID.key(), "");
        long number = asn.isEmpty() ? 0 : Long.parseLong(asn);
        if (address.isEmpty() || number == 0 || routerId.isEmpty()) {
            return Optional.empty();
        }
        Inet4Address id = (Inet4Address) IpNetwork.parseAddress(routerId).orElseThrow();
        return Optional.of(
                new Settings(
                        ListenAddress.parse(address, BgpPeer.PORT), new BgpIdentity(number, id)));
    }

    private static Speaker open(Settings settings) {
        try {
            return Speaker.open(settings.self(), settings.address().socketAddress());
        } catch (ErrnoException e) {
            throw new UnavailableException(
                    "Failed to listen for BGP on "
                            + settings.address().socketAddress()
                            + ": "
                            + e.getMessage(),
                    e);
        }
    }

    private void tell() {
        if (speaker.isPresent()) {
            Announcements.Content content = announcements.content();
            speaker.get().tell(content.peers(), content.routes());
        }
    }

    @Override
    public void changed() {
        lock.lock();
        try {
            tell();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<PeerState> peers() {
        lock.lock();
        try {
            return speaker.map(Speaker::peers).orElse(List.of());
        } finally {
            lock.unlock();
        }
    }

    /// Routers forget what they were told: nothing of it will be here any more.
    public void leave() {
        lock.lock();
        try {
            speaker.ifPresent(Speaker::leave);
            speaker = Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /// Routers may wait for the next daemon.
    @Override
    public void close() {
        lock.lock();
        try {
            speaker.ifPresent(Speaker::close);
            speaker = Optional.empty();
        } finally {
            lock.unlock();
        }
    }
}
