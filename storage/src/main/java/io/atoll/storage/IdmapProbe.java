package io.atoll.storage;

import io.atoll.base.Idmap;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.Mounts;
import io.atoll.linux.UserNamespaces;

/// Tells whether the kernel can map the ids of a mount.
@FunctionalInterface
public interface IdmapProbe {
    /// Asks the kernel by doing it. Where no user namespace can be made the answer is yes: the
    /// first start then says what is wrong.
    IdmapProbe KERNEL = IdmapProbe::ask;

    /// @param tree a detached mount that is nobody else's; not of use afterwards
    boolean canMap(Fd tree);

    private static boolean ask(Fd tree) {
        try (Fd namespace = UserNamespaces.create(Idmap.range(1_000_000, 65_536))) {
            Mounts.setIdmap(tree, namespace, false);
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.EINVAL, Errno.EPERM)) {
                return false;
            }
            throw e;
        } catch (CommandFailed e) {
            System.getLogger(IdmapProbe.class.getName())
                    .log(System.Logger.Level.WARNING, "cannot probe id mapped mounts", e);
            return true;
        }
    }
}
