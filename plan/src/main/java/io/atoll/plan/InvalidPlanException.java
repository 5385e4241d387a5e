package io.atoll.plan;

/// A plan that breaks a limit of [PlanLimits] or contradicts itself. The compiler that made it has
/// a fault, or a configuration is larger than what one plan can carry.
public final class InvalidPlanException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InvalidPlanException(String message) {
        super(message);
    }
}
