package io.atoll.lxctools;

/// Ends a tool with an exit status and a sentence for stderr.
public final class ToolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    /// Ends with status 1.
    ///
    /// @param message without the tool's name; empty if all is said already
    public ToolException(String message) {
        this(1, message);
    }

    public ToolException(int status, String message) {
        super(message);
        this.status = status;
    }

    public int status() {
        return status;
    }

    /// Never null.
    @Override
    public String getMessage() {
        String message = super.getMessage();
        return message == null ? "" : message;
    }
}
