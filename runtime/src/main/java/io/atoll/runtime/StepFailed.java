package io.atoll.runtime;

import io.atoll.linux.Errno;
import io.atoll.plan.Section;
import io.atoll.plan.ShimMessage;

/// A step of a plan failed in the shim.
public final class StepFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int ECHILD = 10;
    private static final int ECANCELED = 125;

    private final Section section;
    private final int index;
    private final String call;
    private final int errno;

    StepFailed(ShimMessage.Failed failed) {
        super(sentence(failed));
        section = failed.section();
        index = failed.index();
        call = failed.call();
        errno = failed.errno();
    }

    /// `make node /opt: no such file or directory (ENOENT)`. A program that ended badly has no
    /// errno to speak of.
    private static String sentence(ShimMessage.Failed failed) {
        // The last step does more than its name says.
        boolean isDirectory = failed.step().equals("run program") && failed.call().equals("chdir");
        StringBuilder text = new StringBuilder(isDirectory ? "change to directory" : failed.step());
        String detail = failed.detail().strip();
        boolean isAboutProcess = failed.errno() == ECHILD || failed.errno() == ECANCELED;
        if (!detail.isEmpty()) {
            text.append(isAboutProcess ? ": " : " ").append(detail);
        }
        if (failed.errno() != 0 && !isAboutProcess) {
            text.append(": ")
                    .append(Errno.text(failed.errno()))
                    .append(" (")
                    .append(Errno.name(failed.errno()))
                    .append(')');
        }
        return text.toString();
    }

    /// Which part of the plan.
    public Section section() {
        return section;
    }

    /// Which step of the section, from 1; 0 if it was none.
    public int index() {
        return index;
    }

    /// The system call.
    public String call() {
        return call;
    }

    public int errno() {
        return errno;
    }
}
