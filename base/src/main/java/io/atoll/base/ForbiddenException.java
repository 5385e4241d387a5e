package io.atoll.base;

/// The caller is known and has no right to this.
public final class ForbiddenException extends DomainException {
    private static final long serialVersionUID = 1L;

    public ForbiddenException(String message) {
        super(message, null);
    }

    public ForbiddenException(String message, Throwable cause) {
        super(message, cause);
    }
}
