package io.atoll.lxctools.disk;

import static io.atoll.lxctools.ToolOption.flag;
import static io.atoll.lxctools.ToolOption.value;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import java.util.ArrayList;
import java.util.List;

/// `lxc-start-ephemeral` of LXC 1.x, in the words of lxc-copy.
public final class StartEphemeralTool implements Tool {
    @Override
    public ToolSpec spec() {
        return new ToolSpec(
                "-o ORIGINAL [-n NAME] [-b DIR]... [-d] [-k] [-u USER] [-- COMMAND...]",
                "Starts a copy that goes away when it stops. Kept for scripts; see lxc-copy -e.",
                ToolSpec.Name.NONE,
                List.of(
                        value('o', "orig", "NAME", "Container to copy"),
                        value('n', "name", "NAME", "Name of the copy"),
                        value('b', "bdir", "DIR", "Directory of the host to show inside"),
                        flag('d', "daemon", "Start in the background"),
                        flag('k', "keep-data", "Keep the copy when it stops"),
                        value('U', "union-type", "TYPE", "overlay or overlayfs"),
                        value('u', "user", "NAME", "Run COMMAND as this user of the copy"),
                        value('S', "key", "FILE", "Accepted for scripts: nothing is logged in to")),
                true);
    }

    @Override
    public int run(Call call) {
        String original =
                call.options()
                        .value("orig")
                        .orElseThrow(
                                () -> new ToolException("name the container to copy: -o NAME"));
        String union = call.options().value("union-type").orElse("overlayfs");
        if (!union.startsWith("overlay")) {
            throw new ToolException("there is no union type " + union + " but overlayfs");
        }
        List<String> args = new ArrayList<>(List.of("-e", "-n", original));
        call.options().value("name").ifPresent(name -> args.addAll(List.of("-N", name)));
        call.options().values("bdir").forEach(dir -> args.addAll(List.of("-m", "bind=" + dir)));
        args.add(call.options().has("daemon") || !call.words().isEmpty() ? "-d" : "-F");
        if (call.options().has("keep-data")) {
            args.add("-D");
        }
        call.options().value("user").ifPresent(user -> args.addAll(List.of("--user", user)));
        if (!call.words().isEmpty()) {
            args.add("--");
            args.addAll(call.words());
        }
        return SubTool.run(call, "lxc-copy", args);
    }
}
