package io.atoll.runtime.compiler;

import io.atoll.base.IdmapEntry;
import io.atoll.plan.Slot;
import io.atoll.plan.Step;

/// The user namespace that idmapped mounts take their map from: one that the requester has of an
/// earlier container with the same map, or one that is made when the first mount asks.
final class IdmapSlot {
    private final PlanDraft draft;
    private Slot slot;

    /// @param given filled by the requester, or [Slot#NONE]
    IdmapSlot(PlanDraft draft, Slot given) {
        this.draft = draft;
        this.slot = given;
    }

    /// Only for a container with an idmap.
    Slot slot() {
        if (slot.isNone()) {
            slot = draft.newSlot();
            draft.host.add(
                    new Step.NewUserNamespace(
                            slot,
                            draft.spec.idmap().render(IdmapEntry.Kind.UID),
                            draft.spec.idmap().render(IdmapEntry.Kind.GID)));
        }
        return slot;
    }
}
