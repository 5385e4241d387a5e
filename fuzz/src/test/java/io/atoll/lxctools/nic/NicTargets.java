package io.atoll.lxctools.nic;

import java.nio.charset.StandardCharsets;

/// What plain users ask root's service for.
public final class NicTargets {
    private NicTargets() {}

    public static void request(byte[] input) {
        Usernet _ = Usernet.parse(new String(input, StandardCharsets.UTF_8));
        NicRequest request = NicRequest.decode(input);
        if (request.bridge().indexOf('/') >= 0 || request.nic().indexOf('/') >= 0) {
            throw new AssertionError("a name that is a path: " + request);
        }
        String _ = request.key(1000);
    }
}
