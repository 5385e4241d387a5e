package io.atoll.base;

/// Who is calling is not known.
public final class UnauthenticatedException extends DomainException {
    private static final long serialVersionUID = 1L;

    public UnauthenticatedException(String message) {
        super(message, null);
    }

    public UnauthenticatedException(String message, Throwable cause) {
        super(message, cause);
    }
}
