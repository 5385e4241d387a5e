package io.atoll.daemon.backup;

import io.atoll.base.ProjectName;

/// How archives are packed if a request does not say: as the project has it, else the server.
public interface CompressionDefaults {
    /// `backups.compression_algorithm`.
    String ofBackups(ProjectName project);

    /// `images.compression_algorithm`.
    String ofImages(ProjectName project);
}
