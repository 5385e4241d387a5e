package io.atoll.base;

import org.jspecify.annotations.Nullable;

/// A failure cut by what the caller can do about it. The message is meant for the client: what was
/// attempted, on what, and why not, in the user's words and without a trailing dot. The cause is
/// for the log only.
///
/// One switch maps these to HTTP statuses, another to exit codes; no other code does.
public abstract sealed class DomainException extends RuntimeException
        permits InvalidConfigException,
                UnauthenticatedException,
                ForbiddenException,
                NotFoundException,
                AlreadyExistsException,
                BusyException,
                PreconditionFailedException,
                UnsupportedException,
                UnavailableException,
                InternalException {
    private static final long serialVersionUID = 1L;

    DomainException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /// The message for the client; never null.
    @Override
    public String getMessage() {
        String message = super.getMessage();
        return message == null ? "" : message;
    }
}
