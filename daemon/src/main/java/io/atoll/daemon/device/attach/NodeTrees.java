package io.atoll.daemon.device.attach;

import io.atoll.linux.Fd;
import io.atoll.linux.FileStat;
import io.atoll.linux.FsContext;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.Namespaces;
import io.atoll.runtime.spec.DeviceNode;
import java.util.EnumSet;

/// Device nodes for instances that run: each in a file system in memory of its own, of which only
/// the node is shown. No disk ever holds a node that the host would honour.
final class NodeTrees {
    private static final String NODE = "node";

    private NodeTrees() {}

    /// A detached mount of a new node, owned as the instance sees it.
    static Fd make(Site site, DeviceNode node) {
        // Kernels before 6.15 copy only from what is attached: it lies for a moment where nobody
        // looks.
        return Namespaces.withOwnMounts(() -> {
            try (FsContext context = FsContext.open("tmpfs");
                    Fd tree = fill(context, site, node)) {
                Mounts.move(tree, "/tmp");
                return Mounts.cloneTree("/tmp/" + NODE, false);
            }
        });
    }

    private static Fd fill(FsContext context, Site site, DeviceNode node) {
        context.set("source", "devices").set("mode", "0755").set("size", "64k");
        Fd tree = context.mount(EnumSet.of(MountAttribute.NOSUID, MountAttribute.NOEXEC));
        try {
            GuestFiles files = new GuestFiles(tree);
            files.mknod(
                    NODE,
                    node.type() == DeviceNode.Type.BLOCK
                            ? FileStat.Type.BLOCK_DEVICE
                            : FileStat.Type.CHAR_DEVICE,
                    node.mode(),
                    FileStat.device(node.major(), node.minor()));
            files.chmod(NODE, node.mode());
            files.chown(NODE, site.hostUid(node.uid()), site.hostGid(node.gid()));
            return tree;
        } catch (RuntimeException e) {
            tree.close();
            throw e;
        }
    }
}
