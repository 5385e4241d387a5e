package io.atoll.cli.host;

import io.atoll.base.CallersEnvironment;
import io.atoll.client.ConnectFailedException;
import io.atoll.client.Connection;
import io.atoll.client.Connector;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// A process of its own, as the launcher starts it. Sockets are plain descriptors behind file
/// streams: the JDK's channels would cost a third of the whole start.
public final class NativeHost implements Host {
    /// Larger than `struct termios` on any Linux.
    private static final int TERMIOS_BYTES = 256;

    /// How long an interrupted command may take to end by itself.
    private static final long END_SECONDS = 10;

    private final String inheritedPath;
    private int inherited;
    private boolean watchesSignals;
    private boolean hasHook;

    private NativeHost(int inherited, String inheritedPath) {
        this.inherited = inherited;
        this.inheritedPath = inheritedPath;
    }

    /// Loads the native library.
    ///
    /// @param library its absolute path
    /// @param connection `FD:PATH` of a connection the launcher opened, or empty
    public static NativeHost open(String library, String connection) {
        System.load(library);
        int colon = connection.indexOf(':');
        if (colon < 0) {
            return new NativeHost(-1, "");
        }
        return new NativeHost(
                Integer.parseInt(connection.substring(0, colon)), connection.substring(colon + 1));
    }

    /// Ends the process.
    ///
    /// A command that joined streams leaves threads blocked in reading stdin and signals. The JVM
    /// gives such threads 300 ms to come back before it exits, and they never do: then the process
    /// ends without it. The terminal is restored and nothing is buffered by then.
    ///
    /// The orderly end only runs hooks, but for that it looks for a logger in all jars first, to
    /// say so, which is a third of a short command's time.
    public void exit(int status) {
        if (watchesSignals) {
            NativeCalls.exit(status);
        }
        if (hasHook) {
            System.exit(status);
        }
        Runtime.getRuntime().halt(status);
    }

    @Override
    public Connector connector(Path socket) {
        return new DescriptorConnector(socket.toString());
    }

    private final class DescriptorConnector implements Connector {
        private final String path;

        DescriptorConnector(String path) {
            this.path = path;
        }

        @Override
        public Connection open() throws IOException {
            int fd = takeInherited(path);
            if (fd < 0) {
                fd = NativeCalls.connect(path.getBytes(StandardCharsets.UTF_8));
            }
            if (fd < 0) {
                throw new ConnectFailedException(path, lowerFirst(NativeCalls.message(-fd)));
            }
            FileDescriptor descriptor = wrap(fd);
            return new Connection(
                    new SocketInput(descriptor, fd), new FileOutputStream(descriptor));
        }

        @Override
        public String target() {
            return path;
        }
    }

    private synchronized int takeInherited(String path) {
        int fd = path.equals(inheritedPath) ? inherited : -1;
        if (fd >= 0) {
            inherited = -1;
        }
        return fd;
    }

    /// Closing wakes a thread that is blocked in reading, which close(2) alone does not.
    private static final class SocketInput extends FileInputStream {
        private final int fd;
        private boolean closed;

        SocketInput(FileDescriptor descriptor, int fd) {
            super(descriptor);
            this.fd = fd;
        }

        @Override
        public void close() throws IOException {
            synchronized (this) {
                if (!closed) {
                    closed = true;
                    NativeCalls.shutdown(fd);
                }
            }
            super.close();
        }
    }

    private static FileDescriptor wrap(int fd) {
        FileDescriptor descriptor = new FileDescriptor();
        NativeCalls.wrap(descriptor, fd);
        return descriptor;
    }

    @Override
    public boolean isTerminal(int stream) {
        return NativeCalls.isTerminal(stream);
    }

    @Override
    public Optional<WindowSize> windowSize() {
        int size = NativeCalls.windowSize(1);
        return size <= 0
                ? Optional.empty()
                : Optional.of(new WindowSize(size >> 16, size & 0xffff));
    }

    @Override
    public RawMode enterRawMode() throws IOException {
        byte[] saved = new byte[TERMIOS_BYTES];
        check(NativeCalls.makeRaw(0, saved), "cannot make the terminal raw");
        Runnable restore = () -> NativeCalls.restore(0, saved);
        // A fatal signal ends the JVM through its hooks: the terminal must not stay raw.
        Thread hook = new Thread(restore, "restore terminal");
        Runtime.getRuntime().addShutdownHook(hook);
        hasHook = true;
        return restore::run;
    }

    @Override
    public Watch whenInterrupted(BooleanSupplier last) {
        Thread hook =
                new Thread(
                        () -> {
                            if (last.getAsBoolean()) {
                                awaitEnd();
                            }
                        },
                        "last");
        Runtime.getRuntime().addShutdownHook(hook);
        return () -> {
            try {
                boolean _ = Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException _) {
                // It runs already; the process ends when it is through.
            }
        };
    }

    /// The command's own thread ends the process before this returns, unless it is stuck.
    private static void awaitEnd() {
        try {
            boolean _ = new CountDownLatch(1).await(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            // Nobody knows this thread.
        }
    }

    @Override
    public Signals signals(int... numbers) throws IOException {
        int fd = check(NativeCalls.openSignals(numbers), "cannot watch signals");
        watchesSignals = true;
        InputStream pipe = new FileInputStream(wrap(fd));
        return pipe::read;
    }

    @Override
    public int run(List<String> argv) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(argv).inheritIO();
        CallersEnvironment.restore(builder.environment());
        Process process = builder.start();
        while (true) {
            try {
                return process.waitFor();
            } catch (InterruptedException _) {
                // Commands are not interrupted; the program owns the terminal until it ends.
            }
        }
    }

    private static int check(int result, String what) throws IOException {
        if (result < 0) {
            throw new IOException(what + ": " + lowerFirst(NativeCalls.message(-result)));
        }
        return result;
    }

    private static String lowerFirst(String text) {
        return text.isEmpty() ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }
}
