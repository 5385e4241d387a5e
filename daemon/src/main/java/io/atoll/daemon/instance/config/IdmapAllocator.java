package io.atoll.daemon.instance.config;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.base.UnavailableException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Chooses the id map of an instance within the host's range. Pure: the ids already taken are
/// handed in.
///
/// Instances share the whole range unless `security.idmap.isolated` is set; isolated ones lie
/// behind the first [#ISOLATED_COUNT] ids, each in a gap of its own.
public final class IdmapAllocator {
    /// Size of an isolated map unless `security.idmap.size` says otherwise; enough for every id of
    /// Debian but one.
    public static final long ISOLATED_COUNT = 65_536;

    private final long hostBase;
    private final long hostCount;

    /// @param hostBase first id of the host's range
    /// @param hostCount size of that range
    public IdmapAllocator(long hostBase, long hostCount) {
        this.hostBase = hostBase;
        this.hostCount = hostCount;
    }

    /// Ids of the host that an isolated instance owns.
    public record Taken(long base, long count) {
        boolean overlaps(long otherBase, long otherCount) {
            return base < otherBase + otherCount && otherBase < base + count;
        }
    }

    /// What an instance gets.
    ///
    /// @param base the text of `volatile.idmap.base`: offset in the host's range, `0` if it is
    ///   shared
    /// @param idmap the map; [Idmap#NONE] for a privileged instance
    public record Allocation(long base, Idmap idmap) {}

    /// @param taken ranges of the other isolated instances
    /// @throws InvalidConfigException if the wanted ids leave the host's range
    /// @throws UnavailableException if no gap is left
    public Allocation allocate(InstanceConfig config, List<Taken> taken) {
        if (config.is(ConfigKeys.PRIVILEGED)) {
            return new Allocation(0, Idmap.NONE);
        }
        List<RawIdmapLine> raw = config.get(ConfigKeys.RAW_IDMAP).orElse(List.of());
        if (!config.is(ConfigKeys.IDMAP_ISOLATED)) {
            return new Allocation(0, withHoles(hostBase, hostCount, raw));
        }
        long count = config.get(ConfigKeys.IDMAP_SIZE).filter(n -> n > 0).orElse(ISOLATED_COUNT);
        long base =
                config.get(ConfigKeys.IDMAP_BASE)
                        .filter(n -> n > 0)
                        .orElseGet(() -> firstGap(count, taken));
        if (base < hostBase || base + count > hostBase + hostCount) {
            throw new InvalidConfigException(
                    "Not enough uid/gid available for the container: "
                            + base
                            + "-"
                            + (base + count - 1)
                            + " is not within "
                            + hostBase
                            + "-"
                            + (hostBase + hostCount - 1));
        }
        return new Allocation(base, withHoles(base, count, raw));
    }

    /// Whether these ids are what the instance would get if it had this base already: as its
    /// configuration says now, within the host's range, and nobody else's.
    public boolean isRight(
            InstanceConfig config, long base, Idmap idmap, List<Taken> takenByOthers) {
        if (config.is(ConfigKeys.PRIVILEGED) || !config.is(ConfigKeys.IDMAP_ISOLATED)) {
            return allocate(config, List.of()).idmap().equals(idmap);
        }
        long count = config.get(ConfigKeys.IDMAP_SIZE).filter(n -> n > 0).orElse(ISOLATED_COUNT);
        Optional<Long> asked = config.get(ConfigKeys.IDMAP_BASE).filter(n -> n > 0);
        boolean isOwn =
                asked.isPresent()
                        ? asked.get() == base
                        : takenByOthers.stream().noneMatch(t -> t.overlaps(base, count));
        return isOwn
                && base >= hostBase
                && base + count <= hostBase + hostCount
                && withHoles(base, count, config.get(ConfigKeys.RAW_IDMAP).orElse(List.of()))
                        .equals(idmap);
    }

    private long firstGap(long count, List<Taken> taken) {
        long candidate = hostBase + ISOLATED_COUNT;
        for (Taken other : taken.stream().sorted(Comparator.comparingLong(Taken::base)).toList()) {
            if (other.overlaps(candidate, count)) {
                candidate = other.base() + other.count();
            }
        }
        if (candidate + count > hostBase + hostCount) {
            throw new UnavailableException("Not enough uid/gid available for the container");
        }
        return candidate;
    }

    private static Idmap withHoles(long base, long count, List<RawIdmapLine> raw) {
        List<IdmapEntry> entries = new ArrayList<>();
        for (IdmapEntry.Kind kind : IdmapEntry.Kind.values()) {
            List<IdmapEntry> same =
                    List.of(new IdmapEntry(kind, new NsId(0), new HostId(base), count));
            for (RawIdmapLine line : raw) {
                if (line.kinds().contains(kind)) {
                    same = punch(same, kind, line);
                }
            }
            entries.addAll(same);
        }
        return new Idmap(entries);
    }

    /// Replaces the part of `entries` that maps the line's ids inside; host ids that others would
    /// reach through it are left out.
    private static List<IdmapEntry> punch(
            List<IdmapEntry> entries, IdmapEntry.Kind kind, RawIdmapLine line) {
        List<IdmapEntry> out = new ArrayList<>();
        for (IdmapEntry e : entries) {
            long start = e.nsId().value();
            long end = start + e.count();
            long cutStart = Math.max(start, line.nsId());
            long cutEnd = Math.min(end, line.nsId() + line.count());
            if (cutStart >= cutEnd) {
                out.add(e);
                continue;
            }
            addPart(out, e, start, cutStart);
            addPart(out, e, cutEnd, end);
        }
        out.add(
                new IdmapEntry(
                        kind, new NsId(line.nsId()), new HostId(line.hostId()), line.count()));
        out.sort(Comparator.comparingLong(e -> e.nsId().value()));
        return out;
    }

    private static void addPart(List<IdmapEntry> out, IdmapEntry e, long from, long to) {
        if (from < to) {
            long host = e.hostId().value() + from - e.nsId().value();
            out.add(new IdmapEntry(e.kind(), new NsId(from), new HostId(host), to - from));
        }
    }
}
