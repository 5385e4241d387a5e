package io.atoll.warm;

/// What launchers tell the process that is kept warm.
public final class WarmTargets {
    private WarmTargets() {}

    public static void request(byte[] input) {
        Request _ = Request.decode(input);
    }
}
