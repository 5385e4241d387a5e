package io.atoll.base;

/// A fault of ours or of the host that the caller cannot mend.
public final class InternalException extends DomainException {
    private static final long serialVersionUID = 1L;

    public InternalException(String message) {
        super(message, null);
    }

    public InternalException(String message, Throwable cause) {
        super(message, cause);
    }
}
