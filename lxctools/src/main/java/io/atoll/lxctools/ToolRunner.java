package io.atoll.lxctools;

import io.atoll.base.DomainException;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.ErrnoException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Finds the tool that a call means, runs it, and turns what it throws into words and an exit
/// status.
public final class ToolRunner {
    /// The version of LXC whose tools and files these are compatible with; what scripts expect of
    /// `--version`.
    public static final String LXC_VERSION = "5.0.2";

    /// Called by this name it lists the tools; the installation makes its links from that.
    private static final String LIST = "list";

    private ToolRunner() {}

    /// Runs a call and returns its exit status.
    public static int run(Invocation invocation) {
        String program = invocation.program();
        if (program.equals(LIST)) {
            Tools.names().forEach(name -> print(invocation.out(), name + "\n"));
            return 0;
        }
        Optional<Tool> tool = Tools.find(program);
        if (tool.isEmpty()) {
            print(
                    invocation.err(),
                    program
                            + ": there is no such tool; there are: "
                            + String.join(" ", Tools.names())
                            + "\n");
            return 1;
        }
        ToolSpec spec = tool.get().spec();
        ToolOptions options;
        try {
            options =
                    ToolOptions.parse(
                            invocation.args(), spec.allOptions(), spec.isFollowedByCommand());
        } catch (UsageException e) {
            print(invocation.err(), program + ": " + e.getMessage() + "\n" + spec.help(program));
            return 1;
        }
        return run(tool.get(), spec, options, invocation);
    }

    private static int run(Tool tool, ToolSpec spec, ToolOptions options, Invocation invocation) {
        String program = invocation.program();
        if (options.has("version")) {
            print(invocation.out(), LXC_VERSION + "\n");
            return 0;
        }
        if (options.has("usage")) {
            print(invocation.err(), spec.usageLine(program) + "\n");
            return 0;
        }
        try (Call call = Call.of(invocation, spec, options)) {
            if (options.has("help")) {
                return tool.help(call);
            }
            return runLogged(tool, call);
        } catch (UsageException e) {
            print(invocation.err(), program + ": " + e.getMessage() + "\n");
            return 1;
        } catch (ToolException e) {
            print(invocation.err(), program + ": " + e.getMessage() + "\n");
            return e.status();
        } catch (DomainException e) {
            print(invocation.err(), program + ": " + e.getMessage() + "\n");
            return 1;
        }
    }

    private static int runLogged(Tool tool, Call call) {
        try {
            call.checkName();
            return tool.run(call);
        } catch (UsageException e) {
            call.error(e.getMessage());
        } catch (ToolException e) {
            if (!e.getMessage().isEmpty()) {
                call.error(e.getMessage());
            }
            return e.status();
        } catch (DomainException e) {
            call.error(e.getMessage());
        } catch (ErrnoException | CommandFailed e) {
            call.error(String.valueOf(e.getMessage()));
        } catch (UncheckedIOException _) {
            // Nobody reads our output any more: not worth a word.
            return 1;
        } catch (IOException e) {
            call.error(String.valueOf(e.getMessage()));
        }
        return 1;
    }

    static void print(OutputStream to, String text) {
        try {
            to.write(text.getBytes(StandardCharsets.UTF_8));
            to.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
