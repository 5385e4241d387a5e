package io.atoll.lxctools;

/// One option of a tool.
///
/// @param letter its single letter, or 0
/// @param name its long name
/// @param value what may follow it
/// @param placeholder the value as the help shows it
/// @param about one line for the help
public record ToolOption(char letter, String name, Value value, String placeholder, String about) {
    /// What may follow an option, as getopt_long(3) has it.
    public enum Value {
        NONE,
        REQUIRED,
        /// Only glued to it: `-eCAP`, `--elevated=CAP`.
        OPTIONAL
    }

    /// An option without a value.
    public static ToolOption flag(char letter, String name, String about) {
        return new ToolOption(letter, name, Value.NONE, "", about);
    }

    /// An option without a value and without a letter.
    public static ToolOption flag(String name, String about) {
        return flag('\0', name, about);
    }

    /// An option with a value.
    public static ToolOption value(char letter, String name, String placeholder, String about) {
        return new ToolOption(letter, name, Value.REQUIRED, placeholder, about);
    }

    /// An option with a value and without a letter.
    public static ToolOption value(String name, String placeholder, String about) {
        return value('\0', name, placeholder, about);
    }

    /// An option that may have a value glued to it.
    public static ToolOption optional(char letter, String name, String placeholder, String about) {
        return new ToolOption(letter, name, Value.OPTIONAL, placeholder, about);
    }
}
