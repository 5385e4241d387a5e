package io.atoll.lxctools.disk;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.lxctools.ToolException;
import java.util.concurrent.locks.ReentrantLock;

/// Commands that the caller may interrupt, after which we still clean up.
final class Interruptible {
    private static final int SIGHUP = 1;
    private static final int SIGINT = 2;
    private static final int SIGTERM = 15;
    private static final int SIGNALLED = 128;

    private Interruptible() {}

    /// Runs a command and passes its words on.
    ///
    /// @return its exit status
    /// @throws ToolException if the caller interrupted it; the command has ended then
    static int pass(Call call, Command command) {
        Thread caller = Thread.currentThread();
        int[] received = new int[1];
        // An interrupt that comes too late must not reach what this thread does next.
        ReentrantLock running = new ReentrantLock();
        boolean[] isOver = new boolean[1];
        try (Host.Signals signals = call.invocation().host().signals(SIGHUP, SIGINT, SIGTERM)) {
            Thread watcher =
                    Thread.ofPlatform()
                            .daemon()
                            .name("signals")
                            .start(() -> {
                                int number = signals.next();
                                running.lock();
                                try {
                                    if (number > 0 && !isOver[0]) {
                                        received[0] = number;
                                        caller.interrupt();
                                    }
                                } finally {
                                    running.unlock();
                                }
                            });
            try {
                return Commands.pass(command, call.out(), call.invocation().err());
            } catch (CommandFailed e) {
                // The undo that follows must not be interrupted too.
                if (Thread.interrupted()) {
                    throw new ToolException(SIGNALLED + received[0], "interrupted");
                }
                throw e;
            } finally {
                running.lock();
                try {
                    isOver[0] = true;
                } finally {
                    running.unlock();
                }
                watcher.interrupt();
            }
        }
    }
}
