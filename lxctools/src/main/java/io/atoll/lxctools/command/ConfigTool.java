package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
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
            return help(call);
        }
        String item = call.words().getFirst();
        if (!LxcSystemConfig.KEYS.contains(item)) {
            throw new ToolException("Unknown configuration item: " + item);
        }
        call.line(call.system().find(item).orElse(item + " is not set."));
        return 0;
    }
}
