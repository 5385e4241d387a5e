package io.atoll.daemon.device.attach;

import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.daemon.device.DeviceConfig.Wanted;
import io.atoll.daemon.device.NicConfig;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.runtime.Container;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// An InfiniBand card: its interface is moved inside as any other, and its nodes are shown. They
/// are found by the interface while that is still on the host, so they come first and go last.
record InfinibandDevice(DeviceConfig.Infiniband config, DeviceHost host) implements Device {
    private NicDevice link() {
        return new NicDevice(config.link(), host);
    }

    private FoundDevice nodes(Site site) {
        String parent = config.link().parent().orElse("");
        String own =
                config.link().kind() == NicConfig.Kind.SRIOV
                        ? site.remembered(Volatile.hostName(config.name())).orElse(parent)
                        : parent;
        return new FoundDevice(
                new DeviceConfig.Found(
                        config.name(),
                        new Wanted.Verbs(own),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        OptionalInt.empty(),
                        true),
                host);
    }

    @Override
    public void plan(Site site, StartParts parts) {
        link().plan(site, parts);
        nodes(site).plan(site, parts);
    }

    @Override
    public void beforeStart(Site site, Undo undo) {
        nodes(site).beforeStart(site, undo);
        link().beforeStart(site, undo);
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        if (config.link().kind() == NicConfig.Kind.SRIOV) {
            host.functions().choose(site, config.name(), config.link().parent().orElse(""));
        }
        nodes(site).attach(site, container, undo);
        link().attach(site, container, undo);
    }

    @Override
    public void detach(Site site, Container container) {
        FoundDevice nodes = nodes(site);
        link().detach(site, container);
        nodes.detach(site, container);
    }

    @Override
    public void resume(Site site, Container container) {
        link().resume(site, container);
    }

    @Override
    public void afterStop(Site site) {
        nodes(site).afterStop(site);
        link().afterStop(site);
    }
}
