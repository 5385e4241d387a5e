package io.atoll.base;

/// The named thing exists already.
public final class AlreadyExistsException extends DomainException {
    private static final long serialVersionUID = 1L;

    public AlreadyExistsException(String message) {
        super(message, null);
    }

    public AlreadyExistsException(String message, Throwable cause) {
        super(message, cause);
    }
}
