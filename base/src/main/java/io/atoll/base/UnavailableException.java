package io.atoll.base;

/// The server cannot answer now and may later: starting, stopping, out of a resource.
public final class UnavailableException extends DomainException {
    private static final long serialVersionUID = 1L;

    public UnavailableException(String message) {
        super(message, null);
    }

    public UnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
