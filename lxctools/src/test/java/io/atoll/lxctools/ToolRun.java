package io.atoll.lxctools;

import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.FdStreams;
import io.atoll.linux.Opens;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// One call of a tool inside this process, and what came of it. What commands inside a container
/// print is there too: descriptors and streams lead to the same files.
public record ToolRun(int status, String out, String err) {
    /// Calls a tool with these words and variables and an empty stdin.
    public static ToolRun of(Map<String, String> env, String program, String... args) {
        return reading("", env, program, args);
    }

    /// As [#of(Map,String,String...)] with a text to read.
    public static ToolRun reading(
            String input, Map<String, String> env, String program, String... args) {
        Map<String, String> all = new TreeMap<>(Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
        all.putAll(env);
        try (FileHost host = new FileHost(input)) {
            int status =
                    ToolRunner.run(
                            new Invocation(
                                    program,
                                    System.getProperty("atoll.dist", ""),
                                    List.of(args),
                                    all,
                                    Path.of("/"),
                                    new ByteArrayInputStream(
                                            input.getBytes(StandardCharsets.UTF_8)),
                                    FdStreams.output(host.descriptor(1)),
                                    FdStreams.output(host.descriptor(2)),
                                    host));
            return new ToolRun(status, host.text(1), host.text(2));
        }
    }

    /// A host whose descriptors are files, without terminal or signals.
    private static final class FileHost implements Host, AutoCloseable {
        private final Path[] files = new Path[3];
        private final Fd[] descriptors = new Fd[3];

        FileHost(String input) {
            try {
                for (int i = 0; i < files.length; i++) {
                    files[i] = Files.createTempFile("atoll-tool", "");
                    if (i == 0) {
                        Files.writeString(files[i], input);
                    }
                    descriptors[i] =
                            Opens.open(files[i].toString(), Fcntl.O_RDWR | Fcntl.O_APPEND, 0);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        String text(int stream) {
            try {
                return Files.readString(files[stream]);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Fd descriptor(int stream) {
            return descriptors[stream];
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
            for (int i = 0; i < files.length; i++) {
                descriptors[i].close();
                try {
                    Files.deleteIfExists(files[i]);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
