package io.atoll.base;

/// The request itself is wrong: a key, a value, a name. Sending it again cannot help.
public final class InvalidConfigException extends DomainException {
    private static final long serialVersionUID = 1L;

    public InvalidConfigException(String message) {
        super(message, null);
    }

    public InvalidConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
