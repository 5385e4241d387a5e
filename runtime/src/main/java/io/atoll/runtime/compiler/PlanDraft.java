package io.atoll.runtime.compiler;

import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.plan.PlanLimits;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.ContainerSpec;
import java.util.ArrayList;
import java.util.List;

/// A plan while it is being written: a list of steps for each section, and the slots given out so
/// far. Used by one thread for one compilation.
final class PlanDraft {
    final ContainerSpec spec;
    final HostFacts facts;
    final List<Step> monitor = new ArrayList<>();
    final List<Step> host = new ArrayList<>();
    final List<Step> gate = new ArrayList<>();
    final List<Step> child = new ArrayList<>();
    final List<Step> gone = new ArrayList<>();
    final List<Step> adopt = new ArrayList<>();
    private int slots;

    PlanDraft(ContainerSpec spec, HostFacts facts, int slotsTaken) {
        this.spec = spec;
        this.facts = facts;
        this.slots = slotsTaken;
    }

    /// A slot that nothing else uses.
    Slot newSlot() {
        if (slots == PlanLimits.SLOTS_MAX) {
            throw new InvalidConfigException(
                    "container "
                            + spec.id()
                            + " has too many mounts: a plan holds "
                            + slots
                            + " descriptors");
        }
        return Slot.of(slots++);
    }

    boolean isUnprivileged() {
        return !spec.idmap().isPrivileged();
    }

    /// The host's id of a user inside, for files that the host makes on the container's behalf.
    long hostUid(long uid) {
        return hostId(spec.idmap(), IdmapEntry.Kind.UID, uid);
    }

    /// As [#hostUid] for a group.
    long hostGid(long gid) {
        return hostId(spec.idmap(), IdmapEntry.Kind.GID, gid);
    }

    private static long hostId(Idmap map, IdmapEntry.Kind kind, long id) {
        return map.toHost(kind, new NsId(id))
                .orElseThrow(() ->
                        new InvalidConfigException(
                                "the idmap lacks "
                                        + kind.name().toLowerCase(java.util.Locale.ROOT)
                                        + " "
                                        + id))
                .value();
    }
}
