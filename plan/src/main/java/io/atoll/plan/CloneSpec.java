package io.atoll.plan;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/// How the child comes to be: clone3(2).
///
/// A cgroup namespace is not among the new ones: the child unshares it after it entered its
/// cgroups.
///
/// @param namespaces the new namespaces; with [Namespace#USER] both maps are needed
/// @param uidMap text for `/proc/PID/uid_map`, empty without a user namespace
/// @param gidMap text for `/proc/PID/gid_map`
/// @param cgroup the cgroup2 directory the child starts in (`CLONE_INTO_CGROUP`), or [Slot#NONE]
/// @param userNamespace filled for section *gate* with the child's user namespace, or [Slot#NONE]
public record CloneSpec(
        Set<Namespace> namespaces, String uidMap, String gidMap, Slot cgroup, Slot userNamespace) {
    public CloneSpec {
        EnumSet<Namespace> copy = EnumSet.noneOf(Namespace.class);
        copy.addAll(namespaces);
        namespaces = Collections.unmodifiableSet(copy);
        boolean user = copy.contains(Namespace.USER);
        if (user == uidMap.isEmpty() || user == gidMap.isEmpty()) {
            throw new InvalidPlanException("a user namespace and its maps belong together");
        }
        if (copy.contains(Namespace.CGROUP) || copy.contains(Namespace.TIME)) {
            throw new InvalidPlanException("cgroup and time namespaces are made by a step");
        }
    }

    /// New namespaces without a user namespace.
    public static CloneSpec privileged(Set<Namespace> namespaces) {
        return new CloneSpec(namespaces, "", "", Slot.NONE, Slot.NONE);
    }
}
