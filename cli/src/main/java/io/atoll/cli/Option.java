package io.atoll.cli;

/// One option of a command.
///
/// @param shorthand its single letter, or 0
/// @param kind what may follow it
/// @param fallback the value if it is not given; for [Kind#OPTIONAL] the value if it is given bare
/// @param about one line for the help
/// @param placeholder the type named in the help, or empty
public record Option(
        String name, char shorthand, Kind kind, String fallback, String about, String placeholder) {
    /// What may follow an option.
    public enum Kind {
        /// Nothing; `--name=false` switches it off.
        FLAG,
        /// One value; the last one given counts.
        VALUE,
        /// One value each time; all count.
        VALUES,
        /// A value only after `=`.
        OPTIONAL
    }
}
