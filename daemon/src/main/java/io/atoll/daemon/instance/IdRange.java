package io.atoll.daemon.instance;

/// The host's ids that containers may use.
///
/// @param base first id
/// @param count how many
public record IdRange(long base, long count) {
    /// Where `/etc/subuid` and `/etc/subgid` say nothing about root.
    public static final IdRange DEFAULT = new IdRange(1_000_000, 1_000_000_000);
}
