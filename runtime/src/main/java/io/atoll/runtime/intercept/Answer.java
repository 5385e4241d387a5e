package io.atoll.runtime.intercept;

/// What a caller gets.
sealed interface Answer {
    /// The call succeeded.
    record Done(long value) implements Answer {}

    /// It failed.
    record Refused(int errno) implements Answer {}

    /// The kernel makes the call with the caller's own rights. Safe whatever the caller does
    /// meanwhile.
    record ByKernel() implements Answer {}

    /// Success of calls that return 0.
    Answer DONE = new Done(0);

    /// As if nobody had looked.
    Answer BY_KERNEL = new ByKernel();
}
