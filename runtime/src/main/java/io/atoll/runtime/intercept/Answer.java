package io.atoll.runtime.intercept;

import io.atoll.linux.Fd;
import java.util.function.Supplier;

/// What a caller gets.
sealed interface Answer {
    /// The call succeeded.
    record Done(long value) implements Answer {}

    /// It failed.
    record Refused(int errno) implements Answer {}

    /// The caller gets a copy of a descriptor, and its number; closed by whoever answers.
    record Descriptor(Fd descriptor) implements Answer {}

    /// Found out on a thread of its own, because it waits for programs of the container.
    record Later(Supplier<Answer> work) implements Answer {}

    /// The kernel makes the call with the caller's own rights. Safe whatever the caller does
    /// meanwhile.
    record ByKernel() implements Answer {}

    /// Success of calls that return 0.
    Answer DONE = new Done(0);

    /// As if nobody had looked.
    Answer BY_KERNEL = new ByKernel();
}
