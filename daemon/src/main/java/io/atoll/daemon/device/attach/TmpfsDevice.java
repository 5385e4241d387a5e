package io.atoll.daemon.device.attach;

import io.atoll.base.Undo;
import io.atoll.daemon.device.DeviceConfig;
import io.atoll.linux.Fd;
import io.atoll.linux.FsContext;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.PlatformThreads;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// A file system in memory. Its pages count as the instance's own memory.
record TmpfsDevice(DeviceConfig.Tmpfs config) implements Device {
    private static final String TYPE = "tmpfs";

    private Set<MountFlag> flags() {
        return DiskDevice.MountOptions.flags(
                config.name(), config.isReadOnly(), config.mountOptions());
    }

    @Override
    public void plan(Site site, StartParts parts) {
        List<String> options = new ArrayList<>(List.of("mode=0755"));
        config.size().ifPresent(size -> options.add("size=" + size.bytes()));
        parts.add(
                new MountSpec.FileSystem(
                        TYPE,
                        TYPE,
                        GuestPath.of(config.guestPath()),
                        flags(),
                        options,
                        MountSpec.Create.DIR,
                        false));
    }

    @Override
    public void attach(Site site, Container container, Undo undo) {
        try (Fd tree = PlatformThreads.call(() -> make(site))) {
            GuestTargets.attach(site, container, tree, config.guestPath());
        }
    }

    private Fd make(Site site) {
        Set<MountAttribute> attributes = EnumSet.of(MountAttribute.NODEV);
        for (MountFlag flag : flags()) {
            attributes.add(MountAttribute.valueOf(flag == MountFlag.RO ? "RDONLY" : flag.name()));
        }
        try (FsContext context = FsContext.open(TYPE)) {
            context.set("source", TYPE)
                    .set("mode", "0755")
                    .set("uid", Long.toString(site.hostUid(0)))
                    .set("gid", Long.toString(site.hostGid(0)));
            config.size().ifPresent(size -> context.set("size", Long.toString(size.bytes())));
            return context.mount(attributes);
        }
    }

    @Override
    public void detach(Site site, Container container) {
        GuestTargets.detach(container, config.guestPath());
    }
}
