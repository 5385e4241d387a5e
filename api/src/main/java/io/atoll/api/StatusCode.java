package io.atoll.api;

/// The status numbers inside response bodies and operations; LXD's numbers and words. 200 and above
/// are final.
public enum StatusCode {
    OPERATION_CREATED(100, "Operation created"),
    STARTED(101, "Started"),
    STOPPED(102, "Stopped"),
    RUNNING(103, "Running"),
    CANCELLING(104, "Cancelling"),
    PENDING(105, "Pending"),
    STARTING(106, "Starting"),
    STOPPING(107, "Stopping"),
    ABORTING(108, "Aborting"),
    FREEZING(109, "Freezing"),
    FROZEN(110, "Frozen"),
    THAWED(111, "Thawed"),
    ERROR(112, "Error"),
    READY(113, "Ready"),
    SUCCESS(200, "Success"),
    FAILURE(400, "Failure"),
    CANCELLED(401, "Cancelled");

    private final int code;
    private final String text;

    StatusCode(int code, String text) {
        this.code = code;
        this.text = text;
    }

    public int code() {
        return code;
    }

    /// The word that goes with the number, as in `"status"`.
    public String text() {
        return text;
    }

    /// Nothing follows after this status.
    public boolean isFinal() {
        return code >= 200;
    }
}
