package io.atoll.daemon.operation;

/// The work of an operation, on a virtual thread of its own. Returning means success. A thrown
/// [io.atoll.base.DomainException] becomes the operation's `err` as it is; anything else is logged
/// and reported with an incident number.
@FunctionalInterface
public interface OperationTask {
    void run(Operation operation) throws Exception;
}
