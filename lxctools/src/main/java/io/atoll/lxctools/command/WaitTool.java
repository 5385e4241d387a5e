package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcState;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/// `lxc-wait`: waits for a container's state.
public final class WaitTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME -s STATE[|STATE...] [-t SECONDS]",
                "Waits until a container is in one of the states.",
                ToolOption.value(
                        's',
                        "state",
                        "STATES",
                        "STOPPED STARTING RUNNING STOPPING ABORTING FREEZING FROZEN THAWED"),
                ToolOption.value(
                        't', "timeout", "SECONDS", "Wait that long, -1 for ever (default)"));
    }

    @Override
    public int run(Call call) {
        Set<LxcState> wanted =
                LxcState.parse(
                        call.options()
                                .value("state")
                                .orElseThrow(() ->
                                        new ToolException("Missing required option: -s STATE")));
        Optional<Duration> timeout =
                call.number("timeout").filter(s -> s >= 0).map(Duration::ofSeconds);
        return call.container().await(wanted, timeout) ? 0 : 1;
    }
}
