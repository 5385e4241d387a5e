package io.atoll.plan;

import java.util.List;

/// What the shim is asked to run: [StartPlan] or [ExecPlan].
public sealed interface Plan permits StartPlan, ExecPlan {
    /// Whose plan it is; shown in process titles and errors.
    String name();

    /// The steps of a section; empty for sections that this kind of plan does not have.
    List<Step> steps(Section section);

    /// The program at the end.
    Init init();
}
