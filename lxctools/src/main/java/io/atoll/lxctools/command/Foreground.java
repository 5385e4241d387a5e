package io.atoll.lxctools.command;

import io.atoll.linux.Fd;
import io.atoll.linux.Signals;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.runtime.Container;
import io.atoll.runtime.ExitReason;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Stays with a container until it ends: its console on the caller's terminal, the caller's signals
/// to its init.
final class Foreground {
    private Foreground() {}

    /// Relays until the container is gone.
    static ExitReason run(Call call, Container container) {
        CompletableFuture<ExitReason> end = new CompletableFuture<>();
        container.onGone(end::complete);
        try (Host.Signals _ = route(call, container);
                Fd console = container.consoleFromStart();
                TerminalRelay relay =
                        TerminalRelay.start(
                                call, console, TerminalRelay.NO_ESCAPE, Optional.of(container))) {
            ExitReason reason = end.join();
            relay.drain();
            return reason;
        }
    }

    /// SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1 and SIGUSR2 go to init, as if it stood here.
    static Host.Signals route(Call call, Container container) {
        Host.Signals signals =
                call.invocation()
                        .host()
                        .signals(
                                Signals.SIGHUP,
                                Signals.SIGINT,
                                Signals.SIGQUIT,
                                Signals.SIGTERM,
                                Signals.SIGUSR1,
                                Signals.SIGUSR2,
                                Signals.SIGWINCH);
        Thread.ofPlatform()
                .daemon()
                .name("signals")
                .start(() -> {
                    for (int n = signals.next(); n > 0; n = signals.next()) {
                        pass(call, container, n);
                    }
                });
        return signals;
    }

    private static void pass(Call call, Container container, int number) {
        try {
            if (number == Signals.SIGWINCH) {
                call.invocation()
                        .host()
                        .windowSize()
                        .ifPresent(size -> container.resizeConsole(size.columns(), size.rows()));
            } else {
                container.signal(number == Signals.SIGHUP ? Signals.SIGTERM : number);
            }
        } catch (RuntimeException _) {
            // It has ended meanwhile: nobody is there to be told.
            return;
        }
    }
}
