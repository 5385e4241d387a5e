package io.atoll.daemon.instance.config;

/// One configuration key: its name, how a value is read, where it may stand and what it is for.
///
/// @param name the key; a name that ends in a dot is a prefix and holds for all keys below it
/// @param type reads a value
/// @param place where the key may be set
/// @param isLive whether a change takes effect on a running instance at once
/// @param doc one sentence for the reference page
/// @param <T> type of the value
public record ConfigKey<T>(
        String name, ValueType<T> type, Place place, boolean isLive, String doc) {
    /// Where a key may be set.
    public enum Place {
        /// Instances of all types and profiles.
        ANYWHERE,
        /// Profiles and virtual machines only; refused on containers.
        MACHINES,
        /// Instances, not profiles.
        INSTANCES
    }

    /// True for a prefix.
    public boolean isPrefix() {
        return name.endsWith(".");
    }
}
