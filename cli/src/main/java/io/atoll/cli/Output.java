package io.atoll.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Where a command's words go. Each call is one write, so that lines of parallel commands do not
/// mix.
public final class Output {
    private final OutputStream out;
    private final OutputStream err;
    private final boolean isTerminal;
    private int statusWidth;

    /// @param isTerminal whether `out` is one: progress is shown only there
    public Output(OutputStream out, OutputStream err, boolean isTerminal) {
        this.out = out;
        this.err = err;
        this.isTerminal = isTerminal;
    }

    /// Prints text as it is.
    public void print(String text) {
        write(out, text);
    }

    public void line(String text) {
        write(out, text + "\n");
    }

    /// Prints a line on stderr.
    public void note(String text) {
        write(err, text + "\n");
    }

    /// Shows a line that the next one replaces; nothing where stdout is no terminal.
    public void status(String text) {
        if (!isTerminal) {
            return;
        }
        String padding = " ".repeat(Math.max(0, statusWidth - text.length()));
        write(out, "\r" + text + padding);
        statusWidth = text.length();
    }

    /// Takes the last status away.
    public void clearStatus() {
        if (statusWidth > 0) {
            write(out, "\r" + " ".repeat(statusWidth) + "\r");
            statusWidth = 0;
        }
    }

    private static void write(OutputStream stream, String text) {
        try {
            stream.write(text.getBytes(StandardCharsets.UTF_8));
            stream.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
