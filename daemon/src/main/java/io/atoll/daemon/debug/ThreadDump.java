package io.atoll.daemon.debug;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/// The stacks of all threads, virtual ones too, which no other dump has.
record ThreadDump(Scratch scratch) implements DebugPage {
    @Override
    public String name() {
        return "threads";
    }

    @Override
    public String about() {
        return "Stacks of all threads; ?format=json with locks and owners";
    }

    @Override
    public Content show(Function<String, Optional<String>> query) throws IOException {
        ThreadDumpFormat format =
                switch (query.apply("format").orElse("text")) {
                    case "text" -> ThreadDumpFormat.TEXT_PLAIN;
                    case "json" -> ThreadDumpFormat.JSON;
                    default ->
                            throw new InvalidConfigException(
                                    "Invalid format, \"text\" or \"json\" is expected");
                };
        Path file = scratch.fresh(".threads");
        try {
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .dumpThreads(file.toString(), format);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
        String type =
                format == ThreadDumpFormat.JSON ? "application/json" : "text/plain;charset=utf-8";
        return new Content.Made(type, "", file);
    }
}
