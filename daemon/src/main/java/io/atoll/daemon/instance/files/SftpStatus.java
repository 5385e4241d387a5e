package io.atoll.daemon.instance.files;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;

/// How a request of SFTP ended; `draft-ietf-secsh-filexfer-02`, section 7.
enum SftpStatus {
    OK(0),
    END(1),
    NO_SUCH_FILE(2),
    PERMISSION_DENIED(3),
    FAILURE(4),
    UNSUPPORTED(8);

    private final int code;

    SftpStatus(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static SftpStatus of(ErrnoException failure) {
        if (failure.is(Errno.ENOENT, Errno.ENOTDIR)) {
            return NO_SUCH_FILE;
        }
        return failure.is(Errno.EACCES, Errno.EPERM) ? PERMISSION_DENIED : FAILURE;
    }
}
