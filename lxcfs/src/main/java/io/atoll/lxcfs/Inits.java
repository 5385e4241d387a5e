package io.atoll.lxcfs;

import io.atoll.linux.Namespaces;
import io.atoll.lxcfs.cgroup.HostFiles;
import io.atoll.lxcfs.cgroup.PidNamespaces;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;

/// Finds the init of a pid namespace: by asking the kernel since Linux 6.11, else by looking
/// through /proc; and remembers what was found while it lives.
final class Inits implements PidNamespaces {
    /// Namespaces remembered; when there are more, remembering starts over.
    static final int NAMESPACES_MAX = 16_384;

    private final HostFiles files;
    private final Map<String, Integer> known = new ConcurrentHashMap<>();

    Inits(HostFiles files) {
        this.files = files;
    }

    @Override
    public OptionalInt initOf(int pid) {
        String namespace = files.readLink("/proc/" + pid + "/ns/pid").orElse("");
        if (namespace.isEmpty()) {
            return OptionalInt.empty();
        }
        Integer remembered = known.get(namespace);
        if (remembered != null && isIn(remembered, namespace)) {
            return OptionalInt.of(remembered);
        }
        known.remove(namespace);
        OptionalInt asked = Namespaces.initOfPidNamespace(pid);
        if (asked.isPresent()) {
            remember(namespace, asked.getAsInt());
            return asked;
        }
        lookThroughProc();
        Integer found = known.get(namespace);
        return found == null ? OptionalInt.empty() : OptionalInt.of(found);
    }

    private void remember(String namespace, int init) {
        if (known.size() >= NAMESPACES_MAX) {
            known.clear();
        }
        known.put(namespace, init);
    }

    /// A remembered pid that is still in the namespace is still its init: the namespace dies with
    /// its init, and then nothing is in it any more.
    private boolean isIn(int pid, String namespace) {
        return files.readLink("/proc/" + pid + "/ns/pid").filter(namespace::equals).isPresent();
    }

    /// One walk finds the inits of all namespaces, so a thousand new containers do not cost a
    /// thousand walks.
    private synchronized void lookThroughProc() {
        known.clear();
        for (String name : files.directories("/proc")) {
            if (Character.isDigit(name.charAt(0)) && isInit(name)) {
                files.readLink("/proc/" + name + "/ns/pid")
                        .ifPresent(ns -> remember(ns, Integer.parseInt(name)));
            }
        }
    }

    /// NSpid lists the process's number in each namespace from ours inwards: an init has 1 at the
    /// end.
    private boolean isInit(String pid) {
        String status = files.read("/proc/" + pid + "/status").orElse("");
        int line = status.indexOf("\nNSpid:");
        int end = line < 0 ? -1 : status.indexOf('\n', line + 1);
        return end > 0 && status.substring(line, end).endsWith("\t1");
    }
}
