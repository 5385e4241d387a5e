package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcSystemConfig;

/// `lxc-config`: shows a key of lxc.conf(5).
public final class ConfigTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "-l | ITEM",
                        "Shows a value of lxc.conf or what it is by default.",
                        ToolOption.flag('l', "list", "List the items that there are"))
                .named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) {
        if (call.options().has("list")) {
            LxcSystemConfig.KEYS.forEach(call::line);
            return 0;
        }
        if (call.words().isEmpty()) {
            call.line("Usage: lxc-config -l: list all available configuration items");
            call.line("       lxc-config item: print configuration item");
            return 0;
        }
        String item = call.words().getFirst();
        if (!LxcSystemConfig.KEYS.contains(item)) {
            call.line("Unknown configuration item: " + item);
            return 1;
        }
        call.line(call.system().find(item).orElse(item + " is not set."));
        return 0;
    }
}
