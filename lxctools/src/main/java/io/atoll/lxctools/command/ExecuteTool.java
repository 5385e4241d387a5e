package io.atoll.lxctools.command;

import io.atoll.linux.Fd;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.ExitReason;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// `lxc-execute`: runs one command in a container of its own, below a small init.
public final class ExecuteTool implements Tool {
    @Override
    public ToolSpec spec() {
        List<ToolOption> options = new ArrayList<>();
        options.add(ToolOption.flag('d', "daemon", "Go to the background"));
        options.add(ToolOption.value('u', "uid", "UID", "Run as this user"));
        options.add(ToolOption.value('g', "gid", "GID", "Run as this group"));
        options.addAll(StartOptions.options());
        return ToolSpec.of(
                "-n NAME [-f FILE] [-s KEY=VAL] [-d] [-- COMMAND [ARG...]]",
                "Runs a command in a new container and ends with its exit status.",
                options.toArray(ToolOption[]::new));
    }

    @Override
    public int run(Call call) {
        LxcContainer container = StartOptions.container(call);
        if (container.isRunning()) {
            throw new ToolException("is already running");
        }
        if (!container.isDefined() && !call.options().has("rcfile")) {
            throw new ToolException(
                    "Executing a container with no configuration file may crash the host;"
                            + " use -f FILE or define it by lxc-create");
        }
        if (call.options().has("daemon")) {
            container.start(StartOptions.request(call, true, Optional.empty()));
            return 0;
        }
        return call.invocation().host().isTerminal(0)
                ? onTerminal(call, container)
                : onDescriptors(call, container);
    }

    /// With a terminal of its own: the caller's could be typed into from inside.
    private static int onTerminal(Call call, LxcContainer container) {
        LxcStart request = StartOptions.request(call, true, Optional.empty());
        return Foreground.run(call, container.start(request)).status();
    }

    private static int onDescriptors(Call call, LxcContainer container) {
        Host host = call.invocation().host();
        try (Fd in = host.descriptor(0).duplicate();
                Fd out = host.descriptor(1).duplicate();
                Fd err = host.descriptor(2).duplicate()) {
            LxcStart request =
                    StartOptions.request(
                            call, true, Optional.of(new ExecSpec.Stdio.Fds(in, out, err)));
            CompletableFuture<ExitReason> end = new CompletableFuture<>();
            Container running = container.start(request);
            running.onGone(end::complete);
            try (Host.Signals _ = Foreground.route(call, running)) {
                return end.join().status();
            }
        }
    }
}
