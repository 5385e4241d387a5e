package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcState;
import java.util.List;
import java.util.TreeSet;

/// `lxc-list` of LXC 0.7 and 1.0: names below their state.
public final class ListTool implements Tool {
    private static final List<LxcState> STATES =
            List.of(LxcState.RUNNING, LxcState.FROZEN, LxcState.STOPPED);

    @Override
    public ToolSpec spec() {
        return ToolSpec.of("", "Lists containers by their state.").named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) {
        TreeSet<String> names = new TreeSet<>(call.path().names());
        names.addAll(call.path().activeNames());
        for (LxcState state : STATES) {
            call.line(state.name());
            for (String name : names) {
                LxcContainer container = call.path().container(name);
                if (shown(container.state()) == state) {
                    boolean isAuto =
                            container
                                    .config()
                                    .find("lxc.start.auto")
                                    .filter("1"::equals)
                                    .isPresent();
                    call.line("  " + name + (isAuto ? " (auto)" : ""));
                }
            }
            call.line("");
        }
        return 0;
    }

    /// What is on its way counts as running.
    private static LxcState shown(LxcState state) {
        return STATES.contains(state) ? state : LxcState.RUNNING;
    }
}
