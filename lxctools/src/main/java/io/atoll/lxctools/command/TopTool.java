package io.atoll.lxctools.command;

import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;

/// `lxc-top`: what running containers use, again and again.
public final class TopTool implements Tool {
    private static final long DELAY_SECONDS = 3;
    private static final String CLEAR = "\033[H\033[J";
    private static final String HEADING = "\033[7m\033[1m";
    private static final String PLAIN = "\033[0m";
    private static final int HEADING_LINES = 2;
    private static final String[] TOP = {
        "Container", "CPU", "CPU", "CPU", "BlkIO", "Mem", "MemSw", "KMem"
    };
    private static final String[] BELOW = {
        "Name", "Used", "Sys", "User", "Total(Read/Write)", "Used", "Used", "Used"
    };
    private static final long MICROS_OF_TICK = 10_000;
    private static final String SORTS = "ncbmsk";

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "[-d SECONDS] [-s n|c|b|m|s|k] [-r] [-b]",
                        "Shows what containers use. Keys: n c b m k sort by name, processor, disk,"
                                + " memory, kernel memory; r reverses; q leaves.",
                        ToolOption.value('d', "delay", "SECONDS", "Time between two looks"),
                        ToolOption.value('s', "sort", "KEY", "What to sort by (default n)"),
                        ToolOption.flag('r', "reverse", "The other way round"),
                        ToolOption.flag('b', "batch", "Lines for programs, no terminal needed"))
                .named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) {
        boolean isBatch = call.options().has("batch");
        Duration delay =
                Duration.ofSeconds(Math.max(1, call.number("delay").orElse(DELAY_SECONDS)));
        String sort = call.options().value("sort").orElse("n");
        if (sort.length() != 1 || SORTS.indexOf(sort.charAt(0)) < 0) {
            throw new ToolException("-s takes one of n c b m s k, not " + sort);
        }
        View view = new View(call, sort.charAt(0), call.options().has("reverse"));
        if (isBatch) {
            return batch(call, view, delay);
        }
        Host host = call.invocation().host();
        if (!host.isTerminal(0) || !host.isTerminal(1)) {
            throw new ToolException("stdin or stdout is not a tty; use -b");
        }
        try {
            return interactive(view, host, delay);
        } finally {
            call.line("");
        }
    }

    private static int batch(Call call, View view, Duration delay) {
        call.line(
                "time_ms,container,cpu_nanos,cpu_sys_userhz,cpu_user_userhz,blkio_bytes,"
                        + "blkio_iops,mem_used_bytes,memsw_used_bytes,kernel_mem_used_bytes");
        while (!Thread.currentThread().isInterrupted()) {
            view.rows().forEach(row -> call.line(row.csv(Instant.now().toEpochMilli())));
            LockSupport.parkNanos(delay.toNanos());
        }
        return 0;
    }

    private static int interactive(View view, Host host, Duration delay) {
        Fd terminal = host.descriptor(0);
        try (Host.RawMode _ = host.enterRawMode()) {
            byte[] key = new byte[1];
            while (!Thread.currentThread().isInterrupted()) {
                view.draw();
                if (FdIo.poll(terminal, FdIo.POLLIN, delay) == 0) {
                    continue;
                }
                if (FdIo.read(terminal, key, 0, 1) <= 0 || !view.press((char) key[0])) {
                    return 0;
                }
            }
            return 0;
        }
    }

    /// One container's use.
    private record Row(
            String name,
            long cpuNanos,
            long systemTicks,
            long userTicks,
            long readBytes,
            long writtenBytes,
            long operations,
            long memory,
            long memorySwap,
            long kernelMemory) {
        static Row of(String name, Container container) {
            var stats = container.stats();
            long read = stats.disks().stream().mapToLong(d -> d.readBytes()).sum();
            long written = stats.disks().stream().mapToLong(d -> d.writeBytes()).sum();
            long operations = stats.disks().stream().mapToLong(d -> d.reads() + d.writes()).sum();
            return new Row(
                    name,
                    Math.max(0, stats.cpuNanos()),
                    ticks(container, "system"),
                    ticks(container, "user"),
                    read,
                    written,
                    operations,
                    Math.max(0, stats.memoryBytes()),
                    Math.max(0, stats.memoryBytes()) + Math.max(0, stats.swapBytes()),
                    container
                            .cgroup("memory")
                            .map(f -> f.number("memory.kmem.usage_in_bytes").orElse(0))
                            .orElse(0L));
        }

        private static long ticks(Container container, String key) {
            return container
                    .cgroup("cpuacct")
                    .map(f -> f.keyed("cpuacct.stat").get(key))
                    .or(() ->
                            container
                                    .unifiedCgroup()
                                    .map(f -> f.keyed("cpu.stat").get(key + "_usec"))
                                    .map(micros -> micros / MICROS_OF_TICK))
                    .orElse(0L);
        }

        long disk() {
            return readBytes + writtenBytes;
        }

        String csv(long millis) {
            return String.join(
                    ",",
                    Long.toString(millis),
                    name,
                    Long.toString(cpuNanos),
                    Long.toString(systemTicks),
                    Long.toString(userTicks),
                    Long.toString(disk()),
                    Long.toString(operations),
                    Long.toString(memory),
                    Long.toString(memorySwap),
                    Long.toString(kernelMemory));
        }

        static Row total(String name, List<Row> rows) {
            return new Row(
                    name,
                    sum(rows, Row::cpuNanos),
                    sum(rows, Row::systemTicks),
                    sum(rows, Row::userTicks),
                    sum(rows, Row::readBytes),
                    sum(rows, Row::writtenBytes),
                    sum(rows, Row::operations),
                    sum(rows, Row::memory),
                    sum(rows, Row::memorySwap),
                    sum(rows, Row::kernelMemory));
        }

        private static long sum(List<Row> rows, ToLongFunction<Row> part) {
            return rows.stream().mapToLong(part).sum();
        }

        /// @param total says which columns there are
        String line(Row total) {
            StringBuilder text =
                    new StringBuilder(
                            String.format(
                                    Locale.ROOT,
                                    "%-18.18s %12.2f %12.2f %12.2f %36s %10s",
                                    name,
                                    cpuNanos / 1e9,
                                    systemTicks / 100.0,
                                    userTicks / 100.0,
                                    size(disk())
                                            + "("
                                            + size(readBytes)
                                            + "/"
                                            + size(writtenBytes)
                                            + ")",
                                    size(memory)));
            if (total.memorySwap > 0) {
                text.append(String.format(Locale.ROOT, " %10s", size(memorySwap)));
            }
            if (total.kernelMemory > 0) {
                text.append(String.format(Locale.ROOT, " %10s", size(kernelMemory)));
            }
            return text.toString();
        }

        private static String size(long bytes) {
            String[] units = {"KiB", "MiB", "GiB", "TiB"};
            if (bytes < 1024) {
                return String.format(Locale.ROOT, "%6.2f   ", (double) bytes);
            }
            double value = bytes / 1024.0;
            int unit = 0;
            while (value >= 1024 && unit < units.length - 1) {
                value /= 1024;
                unit++;
            }
            return String.format(Locale.ROOT, "%6.2f %s", value, units[unit]);
        }
    }

    /// What is shown, and how.
    private static final class View {
        private final Call call;
        private char sort;
        private boolean isReversed;

        View(Call call, char sort, boolean isReversed) {
            this.call = call;
            this.sort = sort;
            this.isReversed = isReversed;
        }

        /// @return false to leave
        boolean press(char key) {
            if (key == 'q' || key == '\u0003') {
                return false;
            }
            if (key == 'r') {
                isReversed = !isReversed;
            } else if (SORTS.indexOf(key) >= 0) {
                isReversed = key == sort && !isReversed;
                sort = key;
            }
            return true;
        }

        List<Row> rows() {
            List<Row> rows = new ArrayList<>();
            for (String name : call.path().activeNames()) {
                Optional<Container> running = call.path().container(name).running();
                running.ifPresent(container -> rows.add(Row.of(name, container)));
            }
            Comparator<Row> order = order();
            rows.sort(isReversed ? order.reversed() : order);
            return rows;
        }

        /// Names upwards, all else the largest first.
        private Comparator<Row> order() {
            return switch (sort) {
                case 'c' -> Comparator.comparingLong(Row::cpuNanos).reversed();
                case 'b' -> Comparator.comparingLong(Row::disk).reversed();
                case 'm' -> Comparator.comparingLong(Row::memory).reversed();
                case 's' -> Comparator.comparingLong(Row::memorySwap).reversed();
                case 'k' -> Comparator.comparingLong(Row::kernelMemory).reversed();
                default -> Comparator.comparing(Row::name);
            };
        }

        void draw() {
            List<Row> rows = rows();
            int height = call.invocation().host().windowSize().map(s -> s.rows()).orElse(24);
            // The last line is for the sums.
            int shown = Math.max(0, Math.min(rows.size(), height - HEADING_LINES - 1));
            Row total = Row.total("TOTAL " + shown + " of " + rows.size(), rows);
            StringBuilder text = new StringBuilder(CLEAR).append(HEADING);
            text.append(heading(total, List.of(TOP)));
            text.append(heading(total, List.of(BELOW)));
            text.append(PLAIN);
            rows.subList(0, shown).forEach(row -> text.append(row.line(total)).append("\r\n"));
            text.append(total.line(total));
            call.print(text.toString());
        }

        /// Columns that have nothing on this host are left out.
        private static String heading(Row total, List<String> words) {
            StringBuilder text =
                    new StringBuilder(
                            String.format(
                                    Locale.ROOT,
                                    "%-18s %12s %12s %12s %36s %10s",
                                    words.subList(0, 6).toArray()));
            if (total.memorySwap() > 0) {
                text.append(String.format(Locale.ROOT, " %10s", words.get(6)));
            }
            if (total.kernelMemory() > 0) {
                text.append(String.format(Locale.ROOT, " %10s", words.get(7)));
            }
            return text.append("\r\n").toString();
        }
    }
}
