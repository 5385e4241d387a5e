package io.atoll.cli.command;

import io.atoll.cli.CliException;
import io.atoll.cli.Context;
import io.atoll.cli.host.Host;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Asks the user on stdout and reads lines from stdin, byte by byte: what follows may belong to
/// somebody else.
final class Questions {
    private static final int CTRL_C = 3;
    private static final int CTRL_D = 4;
    private static final int BACKSPACE = 127;

    private final Context context;

    private Questions(Context context) {
        this.context = context;
    }

    static Questions of(Context context) {
        return new Questions(context);
    }

    /// A line of text; the fallback if it is empty.
    ///
    /// @throws CliException at the end of the input
    String text(String question, String fallback) throws IOException {
        String end = question.endsWith("?") ? " " : ": ";
        context.output()
                .print(question + (fallback.isEmpty() ? end : " [default=" + fallback + "]: "));
        String line = readLine();
        return line.isEmpty() ? fallback : line;
    }

    /// Without a fallback: whoever says nothing has not said yes.
    boolean confirms(String question) throws IOException {
        return switch (text(question, "").toLowerCase(java.util.Locale.ROOT)) {
            case "y", "yes" -> true;
            default -> false;
        };
    }

    boolean yes(String question, boolean fallback) throws IOException {
        while (true) {
            String answer = text(question, fallback ? "yes" : "no");
            switch (answer.toLowerCase(java.util.Locale.ROOT)) {
                case "y", "yes", "true" -> {
                    return true;
                }
                case "n", "no", "false" -> {
                    return false;
                }
                default -> context.output().note("Invalid input, try again.");
            }
        }
    }

    String choice(String question, List<String> choices, String fallback) throws IOException {
        while (true) {
            String answer = text(question + " (" + String.join(", ", choices) + ")", fallback);
            if (choices.contains(answer)) {
                return answer;
            }
            context.output().note("Invalid input, try again.");
        }
    }

    /// A line that is not shown while it is typed; not empty.
    ///
    /// @throws CliException at the end of the input, or when the user gives up by ^C
    String password(String question) throws IOException {
        context.output().print(question + ": ");
        if (!context.invocation().host().isTerminal(0)) {
            return readLine();
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try (Host.RawMode _ = context.invocation().host().enterRawMode()) {
            for (int c = context.invocation().in().read();
                    c != '\r' && c != '\n';
                    c = context.invocation().in().read()) {
                switch (c) {
                    case -1, CTRL_C, CTRL_D -> throw new CliException("no password was given");
                    case BACKSPACE -> {
                        byte[] typed = line.toByteArray();
                        line.reset();
                        line.write(typed, 0, Math.max(0, typed.length - 1));
                    }
                    default -> line.write(c);
                }
            }
        } finally {
            context.output().line("");
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private String readLine() throws IOException {
        InputStream in = context.invocation().in();
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int c = in.read();
        if (c < 0) {
            throw new CliException("the input ended before the question was answered");
        }
        while (c >= 0 && c != '\n') {
            line.write(c);
            c = in.read();
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }
}
