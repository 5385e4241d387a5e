package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
        return Application.run(
                call,
                container,
                StartOptions.request(call, true, Optional.empty()),
                call.options().has("daemon"));
    }
}
