package io.atoll.lxctools.command;

import io.atoll.base.BusyException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolLog;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcStart;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `lxc-start`: boots a container, in the background unless asked otherwise.
public final class StartTool implements Tool {
    /// A word of the environment that brings 1.0's default back, to stay in the foreground.
    private static final String STYLE = "LXC_START_STYLE";

    @Override
    public ToolSpec spec() {
        List<ToolOption> options = new ArrayList<>();
        options.add(ToolOption.flag('d', "daemon", "Go to the background (default)"));
        options.add(ToolOption.flag('F', "foreground", "Stay, with the console on this terminal"));
        options.add(ToolOption.value('p', "pidfile", "FILE", "Write the monitor's pid to FILE"));
        options.add(ToolOption.value('c', "console", "FILE", "Use FILE as the console"));
        options.add(ToolOption.value('L', "console-log", "FILE", "Append what is printed to FILE"));
        options.add(
                ToolOption.flag('C', "close-all-fds", "Close all inherited files (always done)"));
        options.add(ToolOption.flag("explain", "Show what would be done, and do nothing"));
        options.addAll(StartOptions.options());
        return ToolSpec.of(
                "-n NAME [-d | -F] [-f FILE] [-s KEY=VAL] [-- COMMAND [ARG...]]",
                "Starts a container, running COMMAND in it or its /sbin/init.",
                options.toArray(ToolOption[]::new));
    }

    @Override
    public int run(Call call) throws IOException {
        LxcContainer container = StartOptions.container(call);
        call.options()
                .value("console-log")
                .ifPresent(
                        file -> container.set("lxc.console.logfile", call.file(file).toString()));
        call.options()
                .value("console")
                .map(file -> file.equals("none") ? file : call.file(file).toString())
                .ifPresent(file -> container.set("lxc.console.path", file));
        if (container.isRunning()) {
            call.error("Container is already running");
            return 0;
        }
        refuseUndefined(call, container);
        LxcStart request = StartOptions.request(call, false, Optional.empty());
        if (call.options().has("explain")) {
            call.print(container.explain(request));
            return 0;
        }
        if (call.log().writes(ToolLog.Level.DEBUG)) {
            container
                    .explain(request)
                    .lines()
                    .forEach(line -> call.log().write(ToolLog.Level.DEBUG, line));
        }
        StartOptions.warnOfUnusedLimits(call, container, request);
        Container running = start(container, request);
        call.log().write(ToolLog.Level.INFO, "started, init has pid " + running.initPid());
        if (isForeground(call)) {
            Foreground.run(call, running);
        }
        return 0;
    }

    private static boolean isForeground(Call call) {
        boolean isOldStyle = call.invocation().env(STYLE).startsWith("1.");
        return call.options().has("foreground") || isOldStyle && !call.options().has("daemon");
    }

    /// Without any configuration the host's own init would be started on the host's root.
    private static void refuseUndefined(Call call, LxcContainer container) {
        boolean isConfigured = container.isDefined() || call.options().has("rcfile");
        if (!isConfigured && call.words().isEmpty()) {
            throw new ToolException(
                    "No container config specified: "
                            + container.name()
                            + " is not defined in "
                            + call.path().directory()
                            + " and no command was given; see lxc-create, or use -f FILE");
        }
    }

    /// Another start may be faster than ours.
    private static Container start(LxcContainer container, LxcStart request) {
        try {
            return container.start(request);
        } catch (BusyException e) {
            throw new ToolException(e.getMessage());
        }
    }
}
