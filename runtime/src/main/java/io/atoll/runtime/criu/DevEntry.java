package io.atoll.runtime.criu;

/// Something in `/dev` that is no node of a device.
///
/// @param name below `/dev`, with slashes
/// @param target of a link, else empty
public record DevEntry(Kind kind, String name, String target) {
    /// What it is.
    public enum Kind {
        DIR,
        FILE,
        LINK
    }
}
