package io.atoll.runtime.compiler;

import io.atoll.runtime.criu.DevEntry;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Images of CRIU to begin a container with, in place of its init.
///
/// @param program `criu`, or where it is
/// @param images their directory
/// @param isVerbose let CRIU log everything
/// @param script CRIU's action script
/// @param terminal what CRIU knows the console by; empty if it had none
/// @param bootId what the container knows its boot by
/// @param dev what was in its `/dev`
public record CriuRestore(
        String program,
        Path images,
        boolean isVerbose,
        Optional<String> script,
        Optional<String> terminal,
        String bootId,
        List<DevEntry> dev) {
    public CriuRestore {
        dev = List.copyOf(dev);
    }
}
