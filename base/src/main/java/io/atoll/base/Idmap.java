package io.atoll.base;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// The id map of one user namespace. Empty means: no user namespace (a privileged container).
///
/// @param entries lines in the order they are written to the kernel, at most [#ENTRIES_MAX] of each
///   kind
public record Idmap(List<IdmapEntry> entries) {
    /// The kernel's limit of lines in one map since Linux 4.15; user_namespaces(7).
    public static final int ENTRIES_MAX = 340;

    /// The map of a privileged container: none.
    public static final Idmap NONE = new Idmap(List.of());

    /// @throws InvalidConfigException if ranges of one kind overlap inside or outside, or there are
    ///   too many
    public Idmap {
        entries = List.copyOf(entries);
        for (IdmapEntry.Kind kind : IdmapEntry.Kind.values()) {
            List<IdmapEntry> same = entries.stream().filter(e -> e.kind() == kind).toList();
            if (same.size() > ENTRIES_MAX) {
                throw new InvalidConfigException("idmap has more than " + ENTRIES_MAX + " lines");
            }
            rejectOverlap(same);
        }
    }

    private static void rejectOverlap(List<IdmapEntry> same) {
        for (int i = 0; i < same.size(); i++) {
            for (int j = i + 1; j < same.size(); j++) {
                IdmapEntry a = same.get(i);
                IdmapEntry b = same.get(j);
                boolean inside = overlap(a.nsId().value(), a.count(), b.nsId().value(), b.count());
                boolean outside =
                        overlap(a.hostId().value(), a.count(), b.hostId().value(), b.count());
                if (inside || outside) {
                    throw new InvalidConfigException(
                            "idmap ranges overlap: " + line(a) + " and " + line(b));
                }
            }
        }
    }

    private static boolean overlap(long a, long aCount, long b, long bCount) {
        return a < b + bCount && b < a + aCount;
    }

    /// Ids 0 to `count`-1 inside become `base` and up outside, for users and groups alike.
    public static Idmap range(long base, long count) {
        return new Idmap(
                List.of(
                        new IdmapEntry(IdmapEntry.Kind.UID, new NsId(0), new HostId(base), count),
                        new IdmapEntry(IdmapEntry.Kind.GID, new NsId(0), new HostId(base), count)));
    }

    /// True when there is no user namespace.
    public boolean isPrivileged() {
        return entries.isEmpty();
    }

    /// The host's id of an id inside, or empty if it is not mapped. A privileged map returns the id
    /// itself.
    public Optional<HostId> toHost(IdmapEntry.Kind kind, NsId id) {
        if (isPrivileged()) {
            return Optional.of(new HostId(id.value()));
        }
        return entries.stream()
                .filter(e -> e.kind() == kind)
                .filter(e ->
                        id.value() >= e.nsId().value() && id.value() < e.nsId().value() + e.count())
                .map(e -> new HostId(e.hostId().value() + id.value() - e.nsId().value()))
                .findFirst();
    }

    /// The id inside of a host id, or empty if it is not mapped. A privileged map returns the id
    /// itself.
    public Optional<NsId> toNs(IdmapEntry.Kind kind, HostId id) {
        if (isPrivileged()) {
            return Optional.of(new NsId(id.value()));
        }
        return entries.stream()
                .filter(e -> e.kind() == kind)
                .filter(e ->
                        id.value() >= e.hostId().value()
                                && id.value() < e.hostId().value() + e.count())
                .map(e -> new NsId(e.nsId().value() + id.value() - e.hostId().value()))
                .findFirst();
    }

    /// The text that is written to `/proc/PID/uid_map` or `gid_map`.
    public String render(IdmapEntry.Kind kind) {
        return entries.stream()
                .filter(e -> e.kind() == kind)
                .map(e -> line(e) + "\n")
                .collect(Collectors.joining());
    }

    private static String line(IdmapEntry e) {
        return e.nsId().value() + " " + e.hostId().value() + " " + e.count();
    }

    /// A copy with one more line at the end.
    public Idmap plus(IdmapEntry entry) {
        List<IdmapEntry> all = new ArrayList<>(entries);
        all.add(entry);
        return new Idmap(all);
    }
}
