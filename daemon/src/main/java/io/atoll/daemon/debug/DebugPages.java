package io.atoll.daemon.debug;

import io.atoll.api.Version;
import io.atoll.base.NotFoundException;
import io.atoll.daemon.operation.Operation;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/// The pages below `/debug/`, and the index of them.
public final class DebugPages implements AutoCloseable {
    private static final String ROOT = "/debug/";

    private final FlightRecording recording;
    private final List<DebugPage> pages;
    private final DebugPage index = new Index();

    /// @param scratch a directory of ours for files on their way, made when the first is needed
    /// @param operations those there are
    public DebugPages(Path scratch, Supplier<List<Operation>> operations) {
        Scratch files = new Scratch(scratch);
        recording = new FlightRecording(files);
        pages =
                List.of(
                        new ThreadDump(files),
                        new MemoryFigures(),
                        new ClassHistogram(),
                        recording,
                        new OperationList(operations));
    }

    /// @throws NotFoundException if there is no such page
    DebugPage find(String path) {
        if (path.equals("/") || path.equals(ROOT) || path.equals("/debug")) {
            return index;
        }
        return pages.stream()
                .filter(page -> path.equals(ROOT + page.name()))
                .findFirst()
                .orElseThrow(
                        () -> new NotFoundException("There is no such page, see /debug/ for all"));
    }

    /// Ends a recording that is being made.
    @Override
    public void close() {
        recording.close();
    }

    private final class Index implements DebugPage {
        @Override
        public String name() {
            return "";
        }

        @Override
        public String about() {
            return "All pages";
        }

        @Override
        public Content show(Function<String, Optional<String>> query) {
            StringBuilder out = new StringBuilder("<!doctype html><title>atolld</title><pre>\n");
            out.append("atolld ").append(Version.ATOLL);
            out.append(", process ").append(ProcessHandle.current().pid());
            out.append(", Java ").append(Runtime.version());
            Duration up = Duration.ofMillis(ManagementFactory.getRuntimeMXBean().getUptime());
            out.append(", up ").append(up.toSeconds()).append(" s\n\n");
            for (DebugPage page : pages) {
                String path = ROOT + page.name();
                out.append("<a href=\"").append(path).append("\">").append(path).append("</a>");
                out.append("  ").append(page.about()).append('\n');
            }
            return new Content.Text("text/html;charset=utf-8", out.append("</pre>\n").toString());
        }
    }
}
