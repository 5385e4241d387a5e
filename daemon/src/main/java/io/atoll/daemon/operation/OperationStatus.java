package io.atoll.daemon.operation;

import io.atoll.api.StatusCode;
import java.util.EnumSet;
import java.util.Set;

/// The states of an operation and the ways between them.
public enum OperationStatus {
    PENDING(StatusCode.PENDING),
    RUNNING(StatusCode.RUNNING),
    CANCELLING(StatusCode.CANCELLING),
    SUCCESS(StatusCode.SUCCESS),
    FAILURE(StatusCode.FAILURE),
    CANCELLED(StatusCode.CANCELLED);

    private final StatusCode code;

    OperationStatus(StatusCode code) {
        this.code = code;
    }

    public StatusCode code() {
        return code;
    }

    public boolean isFinal() {
        return code.isFinal();
    }

    /// The states that may follow this one.
    public Set<OperationStatus> next() {
        return switch (this) {
            case PENDING -> EnumSet.of(RUNNING);
            case RUNNING -> EnumSet.of(SUCCESS, FAILURE, CANCELLING, CANCELLED);
            case CANCELLING -> EnumSet.of(SUCCESS, FAILURE, CANCELLED, RUNNING);
            case SUCCESS, FAILURE, CANCELLED -> EnumSet.noneOf(OperationStatus.class);
        };
    }
}
