package io.atoll.plan;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// What both kinds of plan check about themselves.
final class Checks {
    private Checks() {}

    static void name(String name) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > PlanLimits.NAME_BYTES_MAX) {
            throw new InvalidPlanException(
                    "a plan's name has 1 to " + PlanLimits.NAME_BYTES_MAX + " bytes");
        }
    }

    static List<Step> steps(List<Step> steps, Section section) {
        if (steps.size() > PlanLimits.STEPS_MAX) {
            throw new InvalidPlanException(
                    "section " + section + " has more than " + PlanLimits.STEPS_MAX + " steps");
        }
        long gates = steps.stream().filter(Step.AwaitGate.class::isInstance).count();
        if (gates > (section == Section.CHILD ? 1 : 0)) {
            throw new InvalidPlanException("the gate is awaited once, in section CHILD");
        }
        if (section != Section.GATE && steps.contains(new Step.AwaitChild())) {
            throw new InvalidPlanException("the child is awaited in section GATE");
        }
        boolean takes = steps.stream().anyMatch(Step.TakeChild.class::isInstance);
        if (takes != (section == Section.RESTORE && !steps.isEmpty())) {
            throw new InvalidPlanException("section RESTORE, and no other, takes a child over");
        }
        return List.copyOf(steps);
    }
}
