package io.atoll.runtime.compiler;

import io.atoll.plan.Step;
import io.atoll.runtime.spec.HookSpec;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Hooks as steps.
final class HookSteps {
    private HookSteps() {}

    static List<Step> of(PlanDraft draft, HookSpec.Phase phase) {
        return draft.spec.hooks().stream()
                .filter(hook -> hook.phase() == phase)
                .map(HookSteps::run)
                .toList();
    }

    static Step run(HookSpec hook) {
        return new Step.RunHook(
                hook.argv(), environment(hook.env()), (int) hook.timeout().toMillis());
    }

    /// Sorted, so that the same spec makes the same plan.
    static List<String> environment(Map<String, String> variables) {
        return new TreeMap<>(variables)
                .entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    }
}
