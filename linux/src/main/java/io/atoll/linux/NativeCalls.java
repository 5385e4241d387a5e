package io.atoll.linux;

/// syscall(2) by way of `launcher/native.c`. A cold command makes a few dozen calls and ends: for
/// it the first handle of `java.lang.foreign` costs more than everything else that it does.
/// Processes that stay have no use for this.
///
/// Used where the property `atoll.syscalls` names the library; see `docs/decisions/0101`.
final class NativeCalls {
    static final boolean IS_THERE = load(System.getProperty("atoll.syscalls", ""));

    private NativeCalls() {}

    private static boolean load(String library) {
        if (library.isEmpty()) {
            return false;
        }
        try {
            System.load(library);
            return true;
        } catch (UnsatisfiedLinkError _) {
            // The other way leads to the same kernel.
            return false;
        }
    }

    /// The result, or `-errno`.
    static native long syscall(long number, long a, long b, long c, long d, long e, long f);
}
