package io.atoll.daemon.http;

/// What stands between a caller who has a right and the thing that a request is about: the right
/// must hold where the thing really is.
@FunctionalInterface
public interface Gate {
    /// Lets everything pass: for callers whose rights hold everywhere.
    Gate OPEN = (_, _) -> {};

    /// @param right what the request's route needs; the caller has it in the request's project
    /// @throws io.atoll.base.ForbiddenException if it does not hold there
    void check(Request request, Right right);
}
