package io.atoll.lxctools;

import io.atoll.linux.Fd;
import io.atoll.linux.Processes;
import io.atoll.linux.SignalPipe;

/// The host of a tool that has a process of its own.
final class OwnProcess implements Host {
    private final Fd[] descriptors = {
        Fd.own(0, "standard input"), Fd.own(1, "standard output"), Fd.own(2, "standard error")
    };

    @Override
    public Fd descriptor(int stream) {
        return descriptors[stream];
    }

    @Override
    public Signals signals(int... numbers) {
        SignalPipe pipe = SignalPipe.open(numbers);
        return new Signals() {
            @Override
            public int next() {
                return pipe.next();
            }

            @Override
            public void close() {
                pipe.close();
            }
        };
    }

    @Override
    public int uid() {
        return Processes.uid();
    }

    @Override
    public long pid() {
        return ProcessHandle.current().pid();
    }
}
