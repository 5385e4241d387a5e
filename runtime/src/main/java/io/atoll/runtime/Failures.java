package io.atoll.runtime;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Errno;
import io.atoll.plan.Section;
import io.atoll.plan.ShimMessage;

/// The one place that turns a failed step into what the caller can do about it.
final class Failures {
    private Failures() {}

    /// @param intent what was attempted, such as `start c1`
    static DomainException of(String intent, ShimMessage.Failed failed) {
        StepFailed cause = new StepFailed(failed);
        String text = intent + ": " + cause.getMessage();
        boolean isProgram = failed.section() == Section.INIT;
        return switch (failed.errno()) {
            case Errno.EBUSY -> new BusyException(text, cause);
            case Errno.ENOSYS, Errno.EOPNOTSUPP, Errno.ENODEV ->
                    new UnsupportedException(text, cause);
            case Errno.ENOENT, Errno.EACCES, Errno.ENOTDIR ->
                    isProgram
                            ? new InvalidConfigException(text, cause)
                            : new InternalException(text, cause);
            default -> new InternalException(text, cause);
        };
    }
}
