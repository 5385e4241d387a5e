package io.atoll.runtime.compiler;

import java.nio.file.Path;
import java.util.Optional;

/// Images of CRIU to begin a container with, in place of its init.
///
/// @param program `criu`, or where it is
/// @param images their directory
/// @param isVerbose let CRIU log everything
/// @param script CRIU's action script
public record CriuRestore(
        String program, Path images, boolean isVerbose, Optional<String> script) {}
