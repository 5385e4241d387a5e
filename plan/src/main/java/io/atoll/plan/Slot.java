package io.atoll.plan;

/// A numbered place for a descriptor while a plan runs. Slots that the requester fills are passed
/// with the plan; steps fill others. The process of the next section inherits them: what *host*
/// opens, *gate* and *child* see, but not the other way round.
///
/// @param number 0 to [PlanLimits#SLOTS_MAX]-1, or 255 for [#NONE]
public record Slot(int number) implements Comparable<Slot> {
    private static final int NONE_NUMBER = 255;

    /// Stands where a step allows that there is no slot.
    public static final Slot NONE = new Slot(NONE_NUMBER);

    /// @throws InvalidPlanException if there is no slot of that number
    public Slot {
        if (number != NONE_NUMBER && (number < 0 || number >= PlanLimits.SLOTS_MAX)) {
            throw new InvalidPlanException("no such slot: " + number);
        }
    }

    /// The slot of that number.
    public static Slot of(int number) {
        return new Slot(number);
    }

    /// True for [#NONE].
    public boolean isNone() {
        return number == NONE_NUMBER;
    }

    @Override
    public int compareTo(Slot other) {
        return Integer.compare(number, other.number);
    }

    @Override
    public String toString() {
        return isNone() ? "no slot" : "slot " + number;
    }
}
