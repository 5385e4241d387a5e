package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolSpec;

/// `lxc-unfreeze`: lets a frozen container's processes go on.
public final class UnfreezeTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of("-n NAME", "Lets the processes of a frozen container go on.");
    }

    @Override
    public int run(Call call) {
        call.container().unfreeze();
        return 0;
    }
}
