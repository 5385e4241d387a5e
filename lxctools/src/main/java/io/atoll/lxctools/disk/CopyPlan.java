package io.atoll.lxctools.disk;

import java.util.List;
import java.util.Optional;

/// How to copy a container.
///
/// @param isSnapshot share with the original what the storage can share
/// @param isEvenFull if it cannot, copy everything instead of refusing
/// @param backend storage of the copy; empty for the original's
/// @param keepsName leave host name and `/etc/hostname` as they are
/// @param keepsMac leave MAC addresses as they are
/// @param isEphemeral the copy goes away when it stops
/// @param hookArguments for hooks of `lxc.hook.clone`
record CopyPlan(
        boolean isSnapshot,
        boolean isEvenFull,
        Optional<String> backend,
        boolean keepsName,
        boolean keepsMac,
        boolean isEphemeral,
        List<String> hookArguments) {
    CopyPlan {
        hookArguments = List.copyOf(hookArguments);
    }
}
