package io.atoll.daemon.debug;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/// Where the memory of the process is: the kernel's figures, the heap, the pools of the virtual
/// machine, and what the collectors did. All sizes in KiB.
final class MemoryFigures implements DebugPage {
    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String about() {
        return "Sizes of the process, the heap and its pools; collections";
    }

    @Override
    public Content show(Function<String, Optional<String>> query) throws IOException {
        StringBuilder out = new StringBuilder();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.matches("(Vm(Peak|Size|HWM|RSS|Swap)|Rss\\w+|Threads|FDSize):.*")) {
                out.append(line.replace('\t', ' ')).append('\n');
            }
        }
        out.append('\n');
        row(out, "KiB", "used", "committed", "limit", "peak");
        var memory = ManagementFactory.getMemoryMXBean();
        usage(out, "heap", memory.getHeapMemoryUsage(), Optional.empty());
        usage(out, "outside of the heap", memory.getNonHeapMemoryUsage(), Optional.empty());
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            usage(
                    out,
                    "  " + pool.getName(),
                    pool.getUsage(),
                    Optional.ofNullable(pool.getPeakUsage()));
        }
        out.append('\n');
        row(out, "buffers", "number", "KiB", "", "");
        for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            String size = Long.toString(pool.getMemoryUsed() >> 10);
            row(out, "  " + pool.getName(), Long.toString(pool.getCount()), size, "", "");
        }
        out.append('\n');
        row(out, "collectors", "number", "ms", "", "");
        for (GarbageCollectorMXBean one : ManagementFactory.getGarbageCollectorMXBeans()) {
            String spent = Long.toString(one.getCollectionTime());
            row(out, "  " + one.getName(), Long.toString(one.getCollectionCount()), spent, "", "");
        }
        var classes = ManagementFactory.getClassLoadingMXBean();
        out.append("\nclasses loaded: ").append(classes.getLoadedClassCount());
        out.append(", unloaded: ").append(classes.getUnloadedClassCount()).append('\n');
        return Content.Text.plain(out.toString());
    }

    private static void usage(
            StringBuilder out, String name, MemoryUsage usage, Optional<MemoryUsage> peak) {
        row(
                out,
                name,
                Long.toString(usage.getUsed() >> 10),
                Long.toString(usage.getCommitted() >> 10),
                usage.getMax() < 0 ? "-" : Long.toString(usage.getMax() >> 10),
                peak.map(p -> Long.toString(p.getUsed() >> 10)).orElse(""));
    }

    private static void row(
            StringBuilder out, String name, String a, String b, String c, String d) {
        out.append(
                        String.format(Locale.ROOT, "%-36s %12s %12s %12s %12s", name, a, b, c, d)
                                .stripTrailing())
                .append('\n');
    }
}
