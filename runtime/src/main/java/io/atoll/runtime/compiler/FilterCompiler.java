package io.atoll.runtime.compiler;

import io.atoll.runtime.spec.SeccompSpec;

/// Makes a seccomp program for this machine's architectures.
@FunctionalInterface
public interface FilterCompiler {
    /// The program, an array of struct sock_filter; never asked for a spec that is none.
    byte[] compile(SeccompSpec spec);
}
