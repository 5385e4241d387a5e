package io.atoll.lxctools.disk;

import static io.atoll.lxctools.ToolOption.flag;
import static io.atoll.lxctools.ToolOption.value;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `lxc-clone` of LXC 1.x: a copy.
public final class CloneTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "-o ORIGINAL -n NEWNAME [-s] [-B TYPE] [-L SIZE] [-K] [-M] [-R]",
                        "Copies a container. Kept for scripts; lxc-copy does more.",
                        value('o', "orig", "NAME", "Container to copy"),
                        value('n', "new", "NAME", "Name of the copy"),
                        flag('s', "snapshot", "Share with the original what can be shared"),
                        value('B', "backingstore", "TYPE", "Storage of the copy"),
                        value('L', "fssize", "SIZE", "Size of a new file system"),
                        value('p', "lxcpath", "PATH", "Directory of the original"),
                        value('P', "newpath", "PATH", "Directory of the copy"),
                        flag('K', "keepname", "Keep the host name"),
                        flag('M', "keepmac", "Keep MAC addresses"),
                        flag('H', "copyhooks", "Accepted for scripts; hooks are always copied"),
                        flag('R', "rename", "Rename instead of copying"))
                .named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) {
        List<String> words = new ArrayList<>(call.words());
        String original = name(call.options().value("orig"), words);
        String copy = name(call.options().value("new"), words);
        LxcContainer from = call.path().container(original);
        try (LxcPath target =
                LxcPath.open(
                        call.options()
                                .value("newpath")
                                .map(call::file)
                                .orElse(call.path().directory()),
                        call.system())) {
            LxcContainer to = target.container(copy);
            if (call.options().has("rename")) {
                Renaming.rename(from, to);
            } else {
                CopyPlan plan =
                        new CopyPlan(
                                call.options().has("snapshot"),
                                false,
                                call.options().value("backingstore"),
                                call.options().has("keepname"),
                                call.options().has("keepmac"),
                                false,
                                List.of());
                CopyTool.copying(call).copy(from, to, plan, false);
            }
        }
        call.line("Created container " + copy + " as copy of " + original);
        return 0;
    }

    private static String name(Optional<String> option, List<String> words) {
        if (option.isPresent()) {
            return option.get();
        }
        if (words.isEmpty()) {
            throw new ToolException("name the container to copy and the copy: -o NAME -n NEWNAME");
        }
        return words.removeFirst();
    }
}
