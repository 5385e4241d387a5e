package io.atoll.warm;

import io.atoll.cli.host.Host;
import io.atoll.cli.host.WindowSize;
import io.atoll.client.ConnectFailedException;
import io.atoll.client.Connection;
import io.atoll.client.Connector;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.FdStreams;
import io.atoll.linux.Pty;
import io.atoll.linux.UnixSockets;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// What commands of `atoll` ask of their caller.
record CliHost(Caller caller) implements Host {
    @Override
    public Connector connector(Path socket) {
        return new SocketConnector(caller, socket);
    }

    @Override
    public boolean isTerminal(int stream) {
        return caller.isTerminal(stream);
    }

    @Override
    public Optional<WindowSize> windowSize() {
        if (!caller.isTerminal(1)) {
            return Optional.empty();
        }
        Pty.WindowSize size = Pty.size(caller.descriptor(1));
        return size.columns() == 0
                ? Optional.empty()
                : Optional.of(new WindowSize(size.columns(), size.rows()));
    }

    @Override
    public RawMode enterRawMode() throws IOException {
        int failure = caller.setRaw(true);
        if (failure != 0) {
            throw new IOException("cannot make the terminal raw: " + words(failure));
        }
        return () -> caller.setRaw(false);
    }

    @Override
    public Watch whenInterrupted(BooleanSupplier last) {
        AutoCloseable held =
                () -> {
                    boolean _ = last.getAsBoolean();
                };
        caller.hold(held);
        return () -> caller.release(held);
    }

    @Override
    public Signals signals(int... numbers) {
        Caller.CallerSignals signals = caller.signals(numbers);
        return signals::next;
    }

    @Override
    public int run(List<String> argv) throws IOException {
        return caller.run(argv);
    }

    private static String words(int errno) {
        String text = Errno.text(errno);
        return text.isEmpty() ? text : Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }

    /// Connections that end when the caller does.
    private record SocketConnector(Caller caller, Path socket) implements Connector {
        @Override
        public Connection open() throws IOException {
            Fd fd;
            try {
                fd = UnixSockets.connect(UnixSockets.Type.STREAM, socket);
            } catch (ErrnoException e) {
                throw new ConnectFailedException(target(), words(e.errno()));
            }
            return new Connection(new SocketInput(caller, fd), FdStreams.output(fd));
        }

        @Override
        public String target() {
            return socket.toString();
        }
    }

    /// Closing wakes a thread that is blocked in reading, which close(2) alone does not.
    private static final class SocketInput extends InputStream {
        private final Caller caller;
        private final Fd fd;
        private final InputStream in;
        private final AutoCloseable ending;

        SocketInput(Caller caller, Fd fd) {
            this.caller = caller;
            this.fd = fd;
            this.in = FdStreams.input(fd);
            this.ending = () -> UnixSockets.shutdown(fd);
            caller.hold(ending);
        }

        @Override
        public int read() throws IOException {
            return in.read();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            return in.read(into, offset, length);
        }

        @Override
        public void close() {
            caller.release(ending);
            if (fd.isOpen()) {
                UnixSockets.shutdown(fd);
                fd.close();
            }
        }
    }
}
