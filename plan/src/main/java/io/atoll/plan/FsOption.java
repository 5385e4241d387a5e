package io.atoll.plan;

/// One parameter of a file system that is being mounted; fsconfig(2).
public sealed interface FsOption {
    /// The parameter's name.
    String key();

    /// A parameter without a value, such as `newinstance`.
    record Flag(String key) implements FsOption {}

    /// A parameter with a value; [Tokens] are replaced, so a layer may be named as
    /// `Tokens.pathOf(slot) + "/upper"`.
    record Text(String key, String value) implements FsOption {}

    /// A parameter whose value is a descriptor (`FSCONFIG_SET_FD`), as overlay's `lowerdir+` since
    /// 6.13.
    record Descriptor(String key, Slot slot) implements FsOption {}

    /// @see Flag
    static FsOption flag(String key) {
        return new Flag(key);
    }

    /// @see Text
    static FsOption text(String key, String value) {
        return new Text(key, value);
    }

    /// @see Descriptor
    static FsOption descriptor(String key, Slot slot) {
        return new Descriptor(key, slot);
    }
}
