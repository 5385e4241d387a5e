package io.atoll.image.remote;

/// Told how a transfer goes, at most a few times a second.
@FunctionalInterface
public interface TransferProgress {
    /// Nobody looks.
    TransferProgress NONE = (_, _, _) -> {};

    /// @param total -1 if unknown
    void at(long bytes, long total, long bytesPerSecond);
}
