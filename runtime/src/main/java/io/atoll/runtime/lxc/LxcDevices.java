package io.atoll.runtime.lxc;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.NsId;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Namespaces;
import io.atoll.linux.net.Netlink;
import io.atoll.linux.net.Rtnetlink;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.NamespaceKind;
import java.nio.file.Path;

/// Devices and interfaces of a running container.
final class LxcDevices {
    private LxcDevices() {}

    static void add(Container container, Path source, String target, Idmap idmap) {
        FileStat stat = stat(source);
        new LxcLife(container).addRule(rule(stat, true));
        try (Fd root = container.rootFd()) {
            GuestFiles files = new GuestFiles(root);
            int slash = target.lastIndexOf('/');
            if (slash > 0) {
                files.mkdirs(target.substring(0, slash), 0755, hostRoot(idmap), hostRoot(idmap));
            }
            try {
                files.unlink(target);
            } catch (ErrnoException e) {
                if (!e.is(Errno.ENOENT)) {
                    throw e;
                }
            }
            files.mknod(target, stat.type(), stat.mode() & 07777, stat.rdev());
            files.chmod(target, stat.mode() & 07777);
            if (!idmap.isPrivileged()) {
                files.chown(target, hostRoot(idmap), hostRoot(idmap));
            }
        }
    }

    private static long hostRoot(Idmap idmap) {
        return idmap.toHost(IdmapEntry.Kind.UID, new NsId(0)).map(HostId::value).orElse(0L);
    }

    static void remove(Container container, Path source, String target) {
        try (Fd root = container.rootFd()) {
            new GuestFiles(root).unlink(target);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                throw new NotFoundException("there is no " + target + " in " + container.id(), e);
            }
            throw e;
        }
        new LxcLife(container).addRule(rule(stat(source), false));
    }

    private static FileStat stat(Path source) {
        FileStat stat;
        try {
            stat = FileStat.of(source.toString());
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                throw new NotFoundException("the host has no " + source, e);
            }
            throw e;
        }
        if (stat.type() != FileStat.Type.CHAR_DEVICE && stat.type() != FileStat.Type.BLOCK_DEVICE) {
            throw new InvalidConfigException(source + " is not a device");
        }
        return stat;
    }

    private static DeviceRule rule(FileStat stat, boolean isAllowed) {
        return new DeviceRule(
                isAllowed,
                stat.type() == FileStat.Type.BLOCK_DEVICE ? 'b' : 'c',
                FileStat.major(stat.rdev()),
                FileStat.minor(stat.rdev()),
                "rwm");
    }

    static void moveIn(Container container, String interfaceName, String inside) {
        try (Fd namespace = container.namespaceFd(NamespaceKind.NET);
                Netlink netlink = Netlink.open()) {
            move(netlink, interfaceName, inside, namespace, "the host");
        }
    }

    static void moveOut(Container container, String interfaceName, String outside) {
        try (Fd own = Namespaces.ownNet();
                Fd namespace = container.namespaceFd(NamespaceKind.NET);
                Netlink netlink = Netlink.openIn(namespace)) {
            move(netlink, interfaceName, outside, own, container.id());
        }
    }

    private static void move(
            Netlink netlink, String name, String newName, Fd namespace, String whose) {
        if (netlink.link(name).isEmpty()) {
            throw new NotFoundException(whose + " has no interface " + name);
        }
        netlink.run(Rtnetlink.setUp(name, false));
        netlink.run(
                Rtnetlink.move(name, newName, new Rtnetlink.Target.Descriptor(namespace.number())));
    }
}
