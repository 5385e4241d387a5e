package io.atoll.cli;

/// The command cannot go on, and the user can be told why in a sentence. Printed after `Error: `.
public final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String hint;

    public CliException(String message) {
        this(message, "");
    }

    /// @param hint what to try next, printed on a line of its own; empty for none
    public CliException(String message, String hint) {
        super(message);
        this.hint = hint;
    }

    public String hint() {
        return hint;
    }
}
