package io.atoll.lxctools.command;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.net.Link;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcInterface;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// `lxc-info`: what a container is, does and uses.
public final class InfoTool implements Tool {
    private static final List<String> FILTERS = List.of("ips", "pid", "state", "stats");
    private static final long KIBI = 1024;

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME [-c KEY]... [-i] [-p] [-s] [-S] [-H]",
                "Shows the state of a container.",
                ToolOption.value('c', "config", "KEY", "Show a key of the configuration"),
                ToolOption.flag('i', "ips", "Show the addresses"),
                ToolOption.flag('p', "pid", "Show the process id of the init"),
                ToolOption.flag('S', "stats", "Show what it uses"),
                ToolOption.flag('H', "no-humanize", "Show raw numbers"),
                ToolOption.flag('s', "state", "Show the state"));
    }

    @Override
    public int run(Call call) {
        LxcContainer lxc = call.container();
        if (!lxc.isDefined() && !lxc.isRunning()) {
            call.note(lxc.name() + " doesn't exist");
            return 1;
        }
        if (!lxc.isRunning() && !isReadable(call, lxc)) {
            return 1;
        }
        new Report(call, lxc).print();
        return 0;
    }

    /// What runs is shown whatever became of its file.
    private static boolean isReadable(Call call, LxcContainer lxc) {
        try {
            lxc.config();
            return true;
        } catch (InvalidConfigException e) {
            call.note("Failed to load config for " + lxc.name() + ": " + e.getMessage());
            return false;
        }
    }

    private static final class Report {
        private final Call call;
        private final LxcContainer lxc;
        private final boolean isRaw;
        private final boolean isEverything;
        private final boolean isBare;
        private final boolean isBareKey;

        Report(Call call, LxcContainer lxc) {
            this.call = call;
            this.lxc = lxc;
            isRaw = call.options().has("no-humanize");
            long filters = FILTERS.stream().filter(f -> call.options().has(f)).count();
            int keys = call.options().values("config").size();
            isEverything = filters == 0 && keys == 0;
            // A script that asks for one thing wants nothing but the value.
            isBare = isRaw && filters == 1;
            isBareKey = isRaw && keys == 1;
        }

        private boolean isAsked(String filter) {
            return isEverything || call.options().has(filter);
        }

        void print() {
            Optional<Container> running = lxc.running();
            if (isEverything) {
                line("Name", lxc.name());
            }
            if (isAsked("state")) {
                line("State", running.isPresent() ? lxc.state().name() : "STOPPED");
            }
            if (running.isPresent()) {
                running(running.get());
            }
            call.options().values("config").forEach(this::key);
        }

        private void running(Container container) {
            if (isAsked("pid")) {
                line("PID", Integer.toString(container.initPid()));
            }
            if (isAsked("ips")) {
                lxc.addresses(false).forEach(address -> line("IP", address));
                lxc.addresses(true).forEach(address -> line("IP", address));
            }
            if (isAsked("stats")) {
                usage(container);
                links();
            }
        }

        private void usage(Container container) {
            file(container, "cpuacct", "cpuacct.usage")
                    .or(() -> Optional.of(container.stats().cpuNanos()).filter(n -> n >= 0))
                    .ifPresent(nanos ->
                            line(
                                    "CPU use",
                                    isRaw
                                            ? nanos.toString()
                                            : String.format(
                                                    Locale.ROOT, "%.2f seconds", nanos / 1e9)));
            container
                    .cgroup("blkio")
                    .flatMap(files -> files.read("blkio.throttle.io_service_bytes"))
                    .ifPresent(text -> line("BlkIO use", size(total(text))));
            Optional.of(container.stats().memoryBytes())
                    .filter(n -> n >= 0)
                    .ifPresent(n -> line("Memory use", size(n)));
            file(container, "memory", "memory.kmem.usage_in_bytes")
                    .ifPresent(n -> line("KMem use", size(n)));
        }

        private static Optional<Long> file(Container container, String controller, String name) {
            return container
                    .cgroup(controller)
                    .map(files -> files.number(name))
                    .filter(java.util.OptionalLong::isPresent)
                    .map(java.util.OptionalLong::getAsLong);
        }

        private static long total(String text) {
            for (String line : text.lines().toList()) {
                if (line.startsWith("Total ")) {
                    return Long.parseLong(line.substring("Total ".length()).strip());
                }
            }
            return 0;
        }

        /// What the container sends is what the host's end receives.
        private void links() {
            for (LxcInterface nic : lxc.interfaces()) {
                if (nic.link().isLoopback()) {
                    continue;
                }
                Link outside = nic.peer().orElse(nic.link());
                Link.Counters counters = outside.counters();
                boolean isPeer = nic.peer().isPresent();
                long sent = isPeer ? counters.bytesReceived() : counters.bytesSent();
                long received = isPeer ? counters.bytesSent() : counters.bytesReceived();
                line("Link", outside.name());
                line(" TX bytes", size(sent));
                line(" RX bytes", size(received));
                line(" Total bytes", size(sent + received));
            }
        }

        private void key(String key) {
            if (!LxcConfig.isKnown(key) && !LxcConfig.isGroup(key)) {
                call.note(key + " invalid");
                return;
            }
            String text = String.join("\n", lxc.item(key));
            String label = text.isEmpty() ? key + " =" : key + " = ";
            call.line(isBareKey ? text : label + text);
        }

        private void line(String label, String value) {
            call.line(isBare ? value : String.format(Locale.ROOT, "%-15s %s", label + ":", value));
        }

        private String size(long bytes) {
            if (isRaw) {
                return Long.toString(bytes);
            }
            List<String> units = new ArrayList<>(List.of("KiB", "MiB", "GiB"));
            long unit = KIBI;
            if (bytes < unit) {
                return bytes + " bytes";
            }
            String name = units.removeFirst();
            while (!units.isEmpty() && bytes >= unit * KIBI) {
                unit *= KIBI;
                name = units.removeFirst();
            }
            // Cut off, not rounded, as LXC does.
            long hundredths = bytes % unit * 100 / unit;
            return String.format(Locale.ROOT, "%d.%02d %s", bytes / unit, hundredths, name);
        }
    }
}
