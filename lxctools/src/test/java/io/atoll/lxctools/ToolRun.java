package io.atoll.lxctools;

import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.Opens;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// One call of a tool inside this process, and what came of it.
public record ToolRun(int status, String out, String err) {
    /// Calls a tool with these words and variables and an empty stdin.
    public static ToolRun of(Map<String, String> env, String program, String... args) {
        return reading("", env, program, args);
    }

    /// As [#of(Map,String,String...)] with a text to read.
    public static ToolRun reading(
            String input, Map<String, String> env, String program, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Map<String, String> all = new TreeMap<>(Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
        all.putAll(env);
        try (QuietHost host = new QuietHost()) {
            int status =
                    ToolRunner.run(
                            new Invocation(
                                    program,
                                    System.getProperty("atoll.root", "") + "/dist/atoll",
                                    List.of(args),
                                    all,
                                    Path.of("/"),
                                    new ByteArrayInputStream(
                                            input.getBytes(StandardCharsets.UTF_8)),
                                    out,
                                    err,
                                    host));
            return new ToolRun(
                    status,
                    out.toString(StandardCharsets.UTF_8),
                    err.toString(StandardCharsets.UTF_8));
        }
    }

    /// A host without terminal or signals.
    private static final class QuietHost implements Host, AutoCloseable {
        private final Fd nothing = Opens.open("/dev/null", Fcntl.O_RDWR, 0);

        @Override
        public Fd descriptor(int stream) {
            return nothing;
        }

        @Override
        public Signals signals(int... numbers) {
            return new Signals() {
                @Override
                public int next() {
                    return -1;
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public int uid() {
            return 0;
        }

        @Override
        public long pid() {
            return ProcessHandle.current().pid();
        }

        @Override
        public void close() {
            nothing.close();
        }
    }
}
