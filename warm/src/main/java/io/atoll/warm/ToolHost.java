package io.atoll.warm;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.Processes;
import io.atoll.lxctools.Host;

/// What the `lxc-*` tools ask of their caller.
record ToolHost(Caller caller) implements Host {
    @Override
    public Fd descriptor(int stream) {
        return caller.descriptor(stream);
    }

    @Override
    public RawMode enterRawMode() {
        int failure = caller.setRaw(true);
        if (failure != 0) {
            throw new ErrnoException("tcsetattr", failure, "standard input");
        }
        return () -> caller.setRaw(false);
    }

    @Override
    public Signals signals(int... numbers) {
        Caller.CallerSignals signals = caller.signals(numbers);
        return new Signals() {
            @Override
            public int next() {
                return signals.next();
            }

            @Override
            public void close() {
                signals.close();
            }
        };
    }

    /// Ours too: the server talks to nobody else.
    @Override
    public int uid() {
        return Processes.uid();
    }

    @Override
    public long pid() {
        return caller.pid();
    }
}
