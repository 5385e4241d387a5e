package io.atoll.daemon.device.attach;

import io.atoll.base.Idmap;
import io.atoll.base.ProjectName;
import io.atoll.linux.net.IpNetwork;
import io.atoll.storage.RootfsLayers;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// A host with one network, `n` on the bridge `br0`, and no volumes. Writes down what it is told.
public final class FakeDeviceHost implements DeviceHost, Networks {
    public final List<String> calls = new ArrayList<>();

    @Override
    public boolean repair() {
        return false;
    }

    @Override
    public Networks networks() {
        return this;
    }

    @Override
    public Network find(String network) {
        return new Network(
                Network.Type.BRIDGE,
                "br0",
                OptionalInt.empty(),
                OptionalInt.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                true,
                false,
                List.of("lxd"));
    }

    @Override
    public boolean isBridge(String link) {
        return link.equals("br0");
    }

    @Override
    public void ensureUp(String network) {
        calls.add("up " + network);
    }

    @Override
    public InetAddress choose(String network, Port port, boolean isV6) {
        return InetAddress.ofLiteral(isV6 ? "fd42::2" : "10.0.0.2");
    }

    @Override
    public void register(String network, Port port) {
        calls.add("register " + network + " " + port.device());
    }

    @Override
    public void unregister(String network, Port port) {
        calls.add("unregister " + network + " " + port.device());
    }

    @Override
    public void announce(String network, String key, List<IpNetwork> routes) {
        calls.add("announce " + network + " " + key + " " + routes);
    }

    /// Interfaces that were never announced are withdrawn, too: nothing to remember.
    @Override
    public void withdraw(String key) {
        calls.removeIf(call -> call.matches("announce \\S+ \\Q" + key + "\\E .*"));
    }

    @Override
    public void release(String network, Port port) {
        calls.add("release " + network + " " + port.device());
    }

    @Override
    public RootfsLayers volume(ProjectName project, String pool, String volume, Idmap idmap) {
        throw new io.atoll.base.NotFoundException("Storage volume not found");
    }

    @Override
    public Path rootVolume(String pool, String instance) {
        return Path.of("/");
    }

    @Override
    public ProxyServer proxies() {
        throw new AssertionError("no proxies here");
    }

    @Override
    public List<InetAddress> addresses(String instance, boolean isV6) {
        return List.of();
    }

    @Override
    public Path notes() {
        return Path.of("/no/such/directory");
    }
}
