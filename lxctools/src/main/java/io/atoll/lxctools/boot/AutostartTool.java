package io.atoll.lxctools.boot;

import static io.atoll.lxctools.ToolOption.flag;
import static io.atoll.lxctools.ToolOption.value;

import io.atoll.base.DomainException;
import io.atoll.linux.ErrnoException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.lxctools.disk.SubTool;
import io.atoll.runtime.lxc.LxcContainer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// `lxc-autostart`: starts, stops, kills or reboots the containers that are marked for it.
public final class AutostartTool implements Tool {
    private static final long PATIENCE_SECONDS = 60;
    private static final String ORDER_MODE = "lxc.start.order.mode";
    private static final int SOME_FAILED = 2;

    private enum Action {
        START,
        REBOOT,
        SHUTDOWN,
        KILL
    }

    @Override
    public ToolSpec spec() {
        return new ToolSpec(
                "[-s | -k | -r] [-L] [-a] [-A] [-g GROUPS]... [-t SECONDS]",
                "Starts the containers that are marked to start with the host.",
                ToolSpec.Name.NONE,
                List.of(
                        flag('k', "kill", "Kill them instead"),
                        flag('L', "list", "Print them and their delay and do nothing"),
                        flag('r', "reboot", "Reboot them instead"),
                        flag('s', "shutdown", "Shut them down instead"),
                        flag('a', "all", "Whatever their groups are"),
                        flag('A', "ignore-auto", "Also those that are not marked"),
                        value(
                                'g',
                                "groups",
                                "GROUP,...",
                                "Those of these groups; an empty one means those without group"),
                        value('t', "timeout", "SECONDS", "Patience with a shutdown (60)")),
                false);
    }

    @Override
    public int run(Call call) {
        Action action = action(call);
        long timeout = call.number("timeout").orElse(PATIENCE_SECONDS);
        List<StartOrder.Entry> all = entries(call);
        StartOrder order = new StartOrder(isDescending(call, all));
        List<String> groups = StartOrder.groups(call.options().values("groups"));
        boolean ignoresGroups = call.options().has("all");
        boolean ignoresAuto = call.options().has("ignore-auto");
        boolean isStopping = action == Action.SHUTDOWN || action == Action.KILL;
        List<StartOrder.Entry> chosen =
                isStopping
                        ? order.toStop(all, groups, ignoresGroups, ignoresAuto)
                        : order.toStart(all, groups, ignoresGroups, ignoresAuto);
        int failed = 0;
        int count = 0;
        for (StartOrder.Entry entry : chosen) {
            boolean isRunning = call.path().container(entry.name()).isRunning();
            if (isRunning == (action == Action.START)) {
                continue;
            }
            count++;
            if (call.options().has("list")) {
                call.line(isStopping ? entry.name() : entry.name() + " " + entry.delaySeconds());
            } else if (!act(call, action, entry, timeout)) {
                failed++;
            }
        }
        if (failed == 0) {
            return 0;
        }
        return failed == count ? 1 : SOME_FAILED;
    }

    private static Action action(Call call) {
        List<Action> asked = new ArrayList<>();
        if (call.options().has("kill")) {
            asked.add(Action.KILL);
        }
        if (call.options().has("reboot")) {
            asked.add(Action.REBOOT);
        }
        if (call.options().has("shutdown")) {
            asked.add(Action.SHUTDOWN);
        }
        if (asked.size() > 1) {
            throw new ToolException("-k, -r and -s exclude each other");
        }
        return asked.isEmpty() ? Action.START : asked.getFirst();
    }

    private static List<StartOrder.Entry> entries(Call call) {
        List<StartOrder.Entry> entries = new ArrayList<>();
        for (String name : call.path().names()) {
            LxcContainer container = call.path().container(name);
            try {
                entries.add(StartOrder.Entry.of(name, container.config()));
            } catch (DomainException | NumberFormatException e) {
                // The others shall start all the same.
                call.error(name + ": " + e.getMessage());
            }
        }
        return entries;
    }

    /// In LXC 1.x a higher order was earlier, since 2.0 it is later. A host whose containers were
    /// written for 1.x keeps what it had, unless lxc.conf(5) says otherwise.
    private static boolean isDescending(Call call, List<StartOrder.Entry> all) {
        String mode = call.system().values().getOrDefault(ORDER_MODE, "");
        return switch (mode) {
            case "descending" -> true;
            case "ascending" -> false;
            case "" ->
                    all.stream()
                            .filter(StartOrder.Entry::isAutomatic)
                            .anyMatch(StartOrder.Entry::hasLegacyKeys);
            default ->
                    throw new ToolException(
                            ORDER_MODE + " is ascending or descending, not " + mode);
        };
    }

    private static boolean act(Call call, Action action, StartOrder.Entry entry, long timeout) {
        try {
            int status =
                    switch (action) {
                        case START ->
                                SubTool.run(call, "lxc-start", List.of("-d", "-n", entry.name()));
                        case SHUTDOWN ->
                                SubTool.run(
                                        call,
                                        "lxc-stop",
                                        List.of("-n", entry.name(), "-t", Long.toString(timeout)));
                        case KILL ->
                                SubTool.run(call, "lxc-stop", List.of("-k", "-n", entry.name()));
                        case REBOOT -> {
                            call.path().container(entry.name()).reboot();
                            yield 0;
                        }
                    };
            if (status == 0 && (action == Action.START || action == Action.REBOOT)) {
                TimeUnit.SECONDS.sleep(entry.delaySeconds());
            }
            return status == 0;
        } catch (DomainException | ErrnoException e) {
            call.error(entry.name() + ": " + e.getMessage());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolException("interrupted");
        }
    }
}
