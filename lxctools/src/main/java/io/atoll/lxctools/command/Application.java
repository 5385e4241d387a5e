package io.atoll.lxctools.command;

import io.atoll.linux.Fd;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.runtime.Container;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.ExitReason;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcStart;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Runs a container that is one command.
final class Application {
    private Application() {}

    /// Runs it and returns the command's exit status; 0 at once in the background.
    static int run(Call call, LxcContainer container, LxcStart request, boolean isDaemon) {
        StartOptions.warnOfUnusedLimits(call, container, request);
        if (isDaemon) {
            container.start(request);
            return 0;
        }
        // With a terminal of its own: the caller's could be typed into from inside.
        return call.invocation().host().isTerminal(0)
                ? Foreground.run(call, container.start(request)).status()
                : onDescriptors(call, container, request);
    }

    private static int onDescriptors(Call call, LxcContainer container, LxcStart request) {
        Host host = call.invocation().host();
        try (Fd in = host.descriptor(0).duplicate();
                Fd out = host.descriptor(1).duplicate();
                Fd err = host.descriptor(2).duplicate()) {
            LxcStart withStdio =
                    request.withStdio(Optional.of(new ExecSpec.Stdio.Fds(in, out, err)));
            CompletableFuture<ExitReason> end = new CompletableFuture<>();
            Container running = container.start(withStdio);
            running.onGone(end::complete);
            try (Host.Signals _ = Foreground.route(call, running)) {
                return end.join().status();
            }
        }
    }
}
