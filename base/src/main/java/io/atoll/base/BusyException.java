package io.atoll.base;

/// The thing is in a state, or in use by another, that forbids this now.
public final class BusyException extends DomainException {
    private static final long serialVersionUID = 1L;

    public BusyException(String message) {
        super(message, null);
    }

    public BusyException(String message, Throwable cause) {
        super(message, cause);
    }
}
