package io.atoll.daemon.http;

import io.atoll.base.AlreadyExistsException;
import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnauthenticatedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.store.StaleRecordException;

/// The one place that turns a failure into an HTTP status and a message for the client; the table
/// is in `docs/errors.md`.
///
/// The status alone does not tell `Busy` from `InvalidConfig` (LXD answers 400 to both), so the
/// kind goes along in the header `X-Atoll-Error`, for clients that know it.
final class ErrorMapper {
    /// A failure as the client sees it.
    record Mapped(int status, String kind, String message) {}

    private ErrorMapper() {}

    static Mapped map(Throwable failure) {
        if (failure instanceof DomainException known) {
            Incident.logCause(known);
            return new Mapped(status(known), kind(known), known.getMessage());
        }
        if (failure instanceof JsonException wrong) {
            return new Mapped(
                    400, "InvalidConfig", "The request body is wrong: " + wrong.getMessage());
        }
        if (failure instanceof BrokenBodyException broken) {
            return new Mapped(400, "InvalidConfig", String.valueOf(broken.getMessage()));
        }
        if (failure instanceof StaleRecordException stale) {
            return new Mapped(412, "PreconditionFailed", String.valueOf(stale.getMessage()));
        }
        return NoSpace.explain(failure)
                .map(why -> new Mapped(503, "Unavailable", why))
                .orElseGet(() -> new Mapped(500, "Internal", Incident.report(failure)));
    }

    static int status(DomainException failure) {
        return switch (failure) {
            case InvalidConfigException _ -> 400;
            case UnauthenticatedException _ -> 403;
            case ForbiddenException _ -> 403;
            case NotFoundException _ -> 404;
            case AlreadyExistsException _ -> 409;
            case BusyException _ -> 400;
            case PreconditionFailedException _ -> 412;
            case UnsupportedException _ -> 501;
            case UnavailableException _ -> 503;
            case InternalException _ -> 500;
        };
    }

    private static String kind(DomainException failure) {
        return failure.getClass().getSimpleName().replace("Exception", "");
    }
}
