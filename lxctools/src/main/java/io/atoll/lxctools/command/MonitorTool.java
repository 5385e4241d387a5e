package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcEvent;
import io.atoll.runtime.lxc.LxcEvents;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// `lxc-monitor`: tells what happens to containers, until it is killed.
public final class MonitorTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "[-n REGEX] [-P PATH]... [-Q]",
                        "Tells when containers change their state.",
                        ToolOption.value(
                                'n', "name", "REGEX", "Only containers whose whole name matches"),
                        ToolOption.flag(
                                'Q',
                                "quit",
                                "End LXC's helper of this command (there is none here)"))
                .named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) {
        if (call.options().has("quit")) {
            return 0;
        }
        Pattern names = pattern(call);
        List<LxcPath> paths = new ArrayList<>();
        try {
            for (String path : call.options().values("lxcpath")) {
                paths.add(LxcPath.open(call.file(path), call.system()));
            }
            if (paths.isEmpty()) {
                paths.add(LxcPath.open(call.path().directory(), call.system()));
            }
            follow(call, paths, names);
        } finally {
            paths.forEach(LxcPath::close);
        }
        return 0;
    }

    private static Pattern pattern(Call call) {
        String text =
                call.options()
                        .value("name")
                        .orElseGet(() -> call.words().isEmpty() ? ".*" : call.words().getFirst());
        return NamePattern.compile(text);
    }

    /// Ends when it is interrupted.
    private static void follow(Call call, List<LxcPath> paths, Pattern names) {
        try (LxcEvents events = LxcEvents.open(paths, name -> names.matcher(name).matches())) {
            while (true) {
                events.next(Optional.empty()).ifPresent(event -> call.line(text(event)));
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static String text(LxcEvent event) {
        return switch (event) {
            case LxcEvent.Changed(String name, LxcState state) ->
                    "'" + name + "' changed state to [" + state + "]";
            case LxcEvent.Exited(String name, int status) ->
                    "'" + name + "' exited with status [" + status + "]";
        };
    }
}
