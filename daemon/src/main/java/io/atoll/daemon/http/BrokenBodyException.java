package io.atoll.daemon.http;

import java.io.IOException;

/// The rest of a request's body will not come: the client went away, or sent what is no body.
final class BrokenBodyException extends IOException {
    private static final long serialVersionUID = 1;

    BrokenBodyException(Exception cause) {
        super("The request's body breaks off: " + cause.getMessage(), cause);
    }
}
