package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolSpec;

/// `lxc-freeze`: stops all processes of a container where they are.
public final class FreezeTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME", "Freezes all processes of a container; lxc-unfreeze lets them go on.");
    }

    @Override
    public int run(Call call) {
        call.container().freeze();
        return 0;
    }
}
