package io.atoll.daemon.migration;

/// What came from the other server is no message of the migration protocol.
final class MalformedMessageException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MalformedMessageException(String why) {
        super(why);
    }

    MalformedMessageException(String why, Throwable cause) {
        super(why, cause);
    }
}
