package io.atoll.linux;

import java.util.List;

/// A command could not be run, ended with another status than 0, was too slow or said too much.
public final class CommandFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> argv;
    private final int exit;
    private final String stderrTail;

    /// @param exit its status, 128 + N after signal N, -1 if it never ran or was stopped by us
    /// @param stderrTail the end of what it complained, may be empty
    public CommandFailed(List<String> argv, int exit, String stderrTail, String why) {
        super(
                argv.getFirst()
                        + ": "
                        + why
                        + (stderrTail.isBlank() ? "" : ": " + stderrTail.strip()));
        this.argv = List.copyOf(argv);
        this.exit = exit;
        this.stderrTail = stderrTail;
    }

    public List<String> argv() {
        return argv;
    }

    public int exit() {
        return exit;
    }

    public String stderrTail() {
        return stderrTail;
    }
}
