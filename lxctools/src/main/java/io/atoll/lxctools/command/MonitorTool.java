package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import io.atoll.runtime.ContainerState;
import io.atoll.runtime.ExitReason;
import io.atoll.runtime.lxc.LxcPath;
import io.atoll.runtime.lxc.LxcState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// `lxc-monitor`: tells what happens to containers, until it is killed.
public final class MonitorTool implements Tool {
    private static final Duration PAUSE = Duration.ofMillis(20);

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
            Watcher watcher = new Watcher(call, names);
            paths.forEach(watcher::skipPresent);
            while (!Thread.currentThread().isInterrupted()) {
                paths.forEach(watcher::look);
                LockSupport.parkNanos(PAUSE.toNanos());
            }
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
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new ToolException("not a regular expression: " + text);
        }
    }

    /// Compares what is with what was. How a container ends is told by its monitor; what else
    /// happens to it shows in its state.
    private static final class Watcher {
        private final Call call;
        private final Pattern names;
        private final Map<Path, Seen> known = new TreeMap<>();

        private record Seen(Container container, int pid, ContainerState state) {}

        Watcher(Call call, Pattern names) {
            this.call = call;
            this.names = names;
        }

        void skipPresent(LxcPath path) {
            for (String name : path.activeNames()) {
                path.containers().find(name).ifPresent(c -> remember(path, name, c));
            }
        }

        private Path key(LxcPath path, String name) {
            return path.directory().resolve(name);
        }

        private void remember(LxcPath path, String name, Container container) {
            Seen fresh = new Seen(container, container.initPid(), container.state());
            Seen old = known.put(key(path, name), fresh);
            if (old == null || old.container() != container) {
                container.onGone(reason -> gone(path, name, reason));
            }
        }

        private synchronized void gone(LxcPath path, String name, ExitReason reason) {
            known.remove(key(path, name));
            if (names.matcher(name).matches()) {
                call.line(
                        "'" + name + "' exited with status [" + Math.max(0, reason.status()) + "]");
                tell(name, LxcState.STOPPING);
                tell(name, LxcState.STOPPED);
            }
        }

        private void tell(String name, LxcState state) {
            if (names.matcher(name).matches()) {
                call.line("'" + name + "' changed state to [" + state + "]");
            }
        }

        synchronized void look(LxcPath path) {
            for (String name : path.activeNames()) {
                path.containers().find(name).ifPresent(c -> compare(path, name, c));
            }
        }

        private void compare(LxcPath path, String name, Container container) {
            Seen before = known.get(key(path, name));
            ContainerState now = container.state();
            if (now == ContainerState.STOPPED || now == ContainerState.STOPPING) {
                return;
            }
            boolean isRestarted = before != null && before.pid() != container.initPid();
            if (before == null || isRestarted) {
                tell(name, LxcState.STARTING);
                tell(name, LxcState.RUNNING);
            } else if (now == ContainerState.FROZEN && before.state() != now) {
                tell(name, LxcState.FREEZING);
                tell(name, LxcState.FROZEN);
            } else if (now == ContainerState.RUNNING && before.state() == ContainerState.FROZEN) {
                tell(name, LxcState.THAWED);
                tell(name, LxcState.RUNNING);
            }
            remember(path, name, container);
        }
    }
}
