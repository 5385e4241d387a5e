package io.atoll.runtime;

import io.atoll.base.LazyLogger;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.compiler.HostFacts;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// A part of the tree of version 2 that is delegated to a plain user, such as a scope of the user's
/// systemd. Its controllers can be passed on to containers only while no process is in it, and the
/// user's shell and commands are: they move into a leaf beside the containers; cgroups(7), "the no
/// internal processes rule".
final class DelegatedTree {
    private static final Logger LOG = LazyLogger.of(DelegatedTree.class);

    /// Processes that are forked meanwhile are found in the next round.
    private static final int ROUNDS_MAX = 32;

    private DelegatedTree() {}

    /// Makes it possible to pass controllers on, which the start of a container then does. Where it
    /// is not possible, as beside a process of another user, containers have no limits, and one
    /// that wants some is refused by the kernel.
    ///
    /// @param tree with the delegated cgroup as its top
    static void passOn(CgroupHierarchy tree) {
        CgroupFiles top = new CgroupFiles(tree.directory("/"));
        if (!lacksControllers(top)) {
            return;
        }
        CgroupFiles leaf = new CgroupFiles(tree.directory(CgroupLayout.COMMANDS));
        try {
            Files.createDirectories(Path.of(leaf.directory()));
            List<Integer> left = top.processes();
            for (int round = 0; !left.isEmpty() && round < ROUNDS_MAX; round++) {
                left.forEach(pid -> move(pid, leaf));
                left = top.processes();
            }
            if (!left.isEmpty()) {
                LOG.log(Level.WARNING, "processes stay cgroup=" + top.directory());
            }
        } catch (ErrnoException | IOException e) {
            LOG.log(Level.WARNING, "containers have no limits cgroup=" + top.directory(), e);
        }
    }

    private static boolean lacksControllers(CgroupFiles top) {
        Set<String> wanted = words(top, "cgroup.controllers");
        wanted.retainAll(HostFacts.V2_CONTROLLERS);
        wanted.removeAll(words(top, "cgroup.subtree_control"));
        return !wanted.isEmpty();
    }

    private static Set<String> words(CgroupFiles files, String file) {
        return new TreeSet<>(List.of(files.read(file).orElse("").strip().split("\\s+")));
    }

    private static void move(int pid, CgroupFiles leaf) {
        try {
            leaf.write("cgroup.procs", Integer.toString(pid));
        } catch (ErrnoException e) {
            if (!e.is(Errno.ESRCH)) {
                throw e;
            }
        }
    }
}
