package io.atoll.storage;

import java.nio.file.Path;

/// A plain directory that is mounted over a path of an instance with `security.nesting`, because an
/// overlay cannot be made on an overlay.
///
/// @param hostPath in the pool, owner ids unshifted
/// @param guestPath absolute, inside the instance
public record NestedDirectory(Path hostPath, String guestPath) {}
