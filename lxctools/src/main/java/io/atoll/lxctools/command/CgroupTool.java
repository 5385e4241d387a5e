package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;

/// `lxc-cgroup`: reads or writes a file of a running container's cgroups.
public final class CgroupTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME ITEM [VALUE]",
                "Shows a cgroup file of a running container, such as memory.limit_in_bytes, or sets"
                        + " it.");
    }

    @Override
    public int run(Call call) {
        if (call.words().isEmpty()) {
            throw new ToolException("Missing state object");
        }
        String item = call.words().getFirst();
        LxcContainer container = call.container();
        if (!container.isRunning()) {
            throw new ToolException(call.name() + " is not running");
        }
        if (call.words().size() > 1) {
            container.setCgroupItem(item, call.words().get(1));
            return 0;
        }
        String value =
                container
                        .cgroupItem(item)
                        .orElseThrow(() ->
                                new ToolException(
                                        "Failed to retrieve value of '"
                                                + item
                                                + "': there is no such file"));
        call.line(value);
        return 0;
    }
}
