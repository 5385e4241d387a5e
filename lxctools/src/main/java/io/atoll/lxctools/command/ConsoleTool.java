package io.atoll.lxctools.command;

import io.atoll.base.BusyException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.linux.Fd;
import io.atoll.linux.Pty;
import io.atoll.linux.Signals;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import io.atoll.runtime.TerminalLease;
import java.util.Optional;
import java.util.OptionalInt;

/// `lxc-console`: the caller's terminal on one of a container's.
public final class ConsoleTool implements Tool {
    private static final String ESCAPE = "^a";

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME [-t NUMBER] [-e KEY]",
                "Connects the terminal to a container's; the escape key and then q leaves it.",
                ToolOption.value(
                        't',
                        "tty",
                        "NUMBER",
                        "Terminal to use: 0 is the console, -1 the first free one (default)"),
                ToolOption.value('e', "escape", "KEY", "Escape key, as ^a or a (default ^a)"));
    }

    @Override
    public int run(Call call) {
        Container container = call.container().mustRun();
        Host host = call.invocation().host();
        if (!host.isTerminal(0)) {
            throw new ToolException("stdin is not a tty");
        }
        long wanted = call.number("tty").orElse(-1L);
        String escape = call.options().value("escape").orElse(ESCAPE);
        if (escape.isEmpty()) {
            throw new ToolException("the escape key is empty");
        }
        try (TerminalLease terminal = lease(call, wanted)) {
            greet(call, terminal.number(), escape);
            connect(call, container, terminal, TerminalRelay.escape(escape));
        }
        return 0;
    }

    private static TerminalLease lease(Call call, long wanted) {
        try {
            return call.container()
                    .console(wanted < 0 ? OptionalInt.empty() : OptionalInt.of((int) wanted));
        } catch (BusyException | PreconditionFailedException e) {
            throw new ToolException("Denied access to tty: " + e.getMessage());
        }
    }

    private static void greet(Call call, int number, String escape) {
        String key = escape.charAt(escape.length() - 1) + "";
        call.print(
                "\nConnected to tty "
                        + number
                        + "\nType <Ctrl+"
                        + key
                        + " q> to exit the console, <Ctrl+"
                        + key
                        + " Ctrl+"
                        + key
                        + "> to enter Ctrl+"
                        + key
                        + " itself\n");
    }

    private static void connect(
            Call call, Container container, TerminalLease terminal, int escape) {
        boolean isConsole = terminal.number() == 0;
        Fd far = terminal.master();
        container.onGone(_ -> far.close());
        try (Host.Signals signals = call.invocation().host().signals(Signals.SIGWINCH);
                TerminalRelay relay =
                        isConsole
                                ? TerminalRelay.start(call, far, escape, Optional.of(container))
                                : TerminalRelay.startLasting(call, far, escape)) {
            resize(call, container, terminal);
            Thread.ofPlatform()
                    .daemon()
                    .name("window")
                    .start(() -> {
                        while (signals.next() > 0) {
                            resize(call, container, terminal);
                        }
                    });
            relay.await();
        }
    }

    private static void resize(Call call, Container container, TerminalLease terminal) {
        Optional<Pty.WindowSize> size = call.invocation().host().windowSize();
        if (size.isEmpty() || !terminal.master().isOpen()) {
            return;
        }
        if (terminal.number() == 0) {
            container.resizeConsole(size.get().columns(), size.get().rows());
        } else {
            Pty.resize(terminal.master(), size.get());
        }
    }
}
