package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which namespaces a container gets of its own, which it shares with another process, and which
/// with the host. The user namespace follows the idmap and is in neither set unless it is joined.
///
/// @param kept namespaces of the host that the container stays in
/// @param joined namespaces of others to enter, each by the path of its file, such as
///   `/proc/PID/ns/net`
/// @param timeOffsets offsets of a time namespace; absent means no time namespace
public record NamespaceSpec(
        Set<NamespaceKind> kept,
        Map<NamespaceKind, Path> joined,
        Optional<TimeOffsets> timeOffsets) {
    /// All namespaces new, no time namespace.
    public static final NamespaceSpec DEFAULT =
            new NamespaceSpec(Set.of(), Map.of(), Optional.empty());

    /// Offsets of the clocks inside, in nanoseconds; time_namespaces(7).
    public record TimeOffsets(long monotonicNanos, long bootNanos) {}

    /// @throws InvalidConfigException if a namespace is both kept and joined, or the mount
    ///   namespace is not new
    public NamespaceSpec {
        kept = Set.copyOf(kept);
        joined = Map.copyOf(joined);
        for (NamespaceKind kind : joined.keySet()) {
            if (kept.contains(kind)) {
                throw new InvalidConfigException(
                        "namespace " + kind.fileName() + " cannot be both kept and shared");
            }
        }
        if (kept.contains(NamespaceKind.MNT) || joined.containsKey(NamespaceKind.MNT)) {
            throw new InvalidConfigException("a container always has a mount namespace of its own");
        }
    }

    /// The namespaces that clone makes; without the user namespace, which the idmap decides.
    public Set<NamespaceKind> fresh() {
        Set<NamespaceKind> fresh = EnumSet.allOf(NamespaceKind.class);
        fresh.remove(NamespaceKind.USER);
        if (timeOffsets.isEmpty()) {
            fresh.remove(NamespaceKind.TIME);
        }
        fresh.removeAll(kept);
        fresh.removeAll(joined.keySet());
        return fresh;
    }

    /// A copy that also stays in the host's namespace of this kind.
    public NamespaceSpec keeping(NamespaceKind kind) {
        Set<NamespaceKind> all = EnumSet.of(kind);
        all.addAll(kept);
        return new NamespaceSpec(all, joined, timeOffsets);
    }
}
