package io.atoll.base;

/// This host or this version cannot do it; the message names what is missing.
public final class UnsupportedException extends DomainException {
    private static final long serialVersionUID = 1L;

    public UnsupportedException(String message) {
        super(message, null);
    }

    public UnsupportedException(String message, Throwable cause) {
        super(message, cause);
    }
}
