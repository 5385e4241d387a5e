package io.atoll.base;

/// The caller's copy is stale: its ETag no longer matches.
public final class PreconditionFailedException extends DomainException {
    private static final long serialVersionUID = 1L;

    public PreconditionFailedException(String message) {
        super(message, null);
    }

    public PreconditionFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
