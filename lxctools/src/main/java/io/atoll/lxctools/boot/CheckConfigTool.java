package io.atoll.lxctools.boot;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolSpec;

/// `lxc-checkconfig`: what this host can do for containers, by trying and looking, not by the
/// kernel's version.
public final class CheckConfigTool implements Tool {
    @Override
    public ToolSpec spec() {
        return new ToolSpec(
                "",
                "Shows what this host can do for containers.",
                ToolSpec.Name.NONE,
                java.util.List.of(),
                false);
    }

    @Override
    public int run(Call call) {
        String config = call.invocation().env("CONFIG");
        boolean isColoured = call.invocation().host().isTerminal(1);
        call.print(new HostCheck(KernelConfig.find(config), isColoured).render());
        return 0;
    }
}
