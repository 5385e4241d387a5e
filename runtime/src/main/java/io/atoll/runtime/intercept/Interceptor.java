package io.atoll.runtime.intercept;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ExitWatcher;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.SeccompNotify;
import io.atoll.runtime.SystemCalls;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Answers the system calls of containers that the kernel hands to us. One thread waits for all of
/// them, and a few do the work; each listener has one call in work at a time, so that no container
/// keeps others waiting for long.
public final class Interceptor implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Interceptor.class.getName());

    /// Calls in work at a time, of all containers.
    static final int WORKERS = 4;

    /// Calls that wait for programs of containers at a time.
    static final int WAITING_MAX = 16;

    private final ThreadPoolExecutor workers;
    private final ExitWatcher watcher;
    private final Semaphore waiting = new Semaphore(WAITING_MAX);
    private final Map<Fd, Served> served = new ConcurrentHashMap<>();

    public Interceptor() {
        workers =
                new ThreadPoolExecutor(
                        WORKERS,
                        WORKERS,
                        5,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        Thread.ofPlatform().daemon().name("syscall-", 0).factory());
        workers.allowCoreThreadTimeOut(true);
        watcher = new ExitWatcher(workers);
    }

    /// Answers the calls of a container's own processes, from now until the last of them has ended.
    /// A call that an earlier process of ours had taken and not answered is handed back to the
    /// kernel.
    ///
    /// @param calls closed by us
    public void serve(SystemCalls calls, Guest guest) {
        try {
            for (long id : Notes.read(calls.note())) {
                SeccompNotify.letRun(calls.listener(), id);
            }
        } catch (IOException e) {
            LOG.log(Level.WARNING, "no note of the last calls file=" + calls.note(), e);
        }
        watch(new Served(calls.listener(), guest, new Notes(Optional.of(calls.note())), calls));
    }

    /// As [#serve] for a listener of a command: nobody comes after us, since it ends with us.
    public void serveCommand(Fd listener, Guest guest) {
        watch(new Served(listener, guest, new Notes(Optional.empty()), listener));
    }

    /// @param end closes the listener and what belongs to it
    private record Served(Fd listener, Guest guest, Notes notes, AutoCloseable end) {
        /// Nobody is left who could call.
        void close() {
            notes.forget();
            leave();
        }

        /// What is in work is somebody else's from now on.
        void leave() {
            try {
                end.close();
            } catch (Exception e) {
                LOG.log(Level.WARNING, "listener is left container=" + guest.container().id(), e);
            }
        }
    }

    private void watch(Served one) {
        try {
            served.put(one.listener, one);
            watcher.watch(one.listener, () -> turn(one));
        } catch (ErrnoException | IllegalStateException e) {
            giveUp(one, e);
        }
    }

    /// The edge of a worker.
    private void turn(Served one) {
        try {
            int ready = FdIo.poll(one.listener, FdIo.POLLIN, Duration.ZERO);
            if ((ready & FdIo.POLLIN) != 0) {
                SeccompNotify.receive(one.listener).ifPresent(call -> answer(one, call));
            } else if ((ready & (FdIo.POLLHUP | FdIo.POLLERR)) != 0) {
                served.remove(one.listener);
                one.close();
                return;
            }
            watch(one);
        } catch (ErrnoException | IllegalStateException e) {
            giveUp(one, e);
        }
    }

    /// Closed, or out of descriptors: the monitor, the kernel or the next of us answers from now
    /// on, also the calls that are noted.
    private void giveUp(Served one, RuntimeException why) {
        Level level = one.listener.isOpen() ? Level.WARNING : Level.DEBUG;
        LOG.log(
                level,
                "system calls are not answered container=" + one.guest.container().id(),
                why);
        served.remove(one.listener);
        one.leave();
    }

    private void answer(Served one, SeccompNotify.Call call) {
        one.notes.add(call.id());
        Answer answer;
        try (Caller caller = Caller.open(call, one.listener, one.guest)) {
            answer = dispatch(caller, one.guest, call);
        } catch (ErrnoException e) {
            answer = new Answer.Refused(e.errno());
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "system call failed container=" + one.guest.container().id(), e);
            answer = new Answer.Refused(Errno.EPERM);
        }
        if (answer instanceof Answer.Later(Supplier<Answer> work)) {
            answerLater(one, call.id(), work);
        } else {
            send(one, call.id(), answer);
        }
    }

    /// The call in work makes no other wait: what it waits for may itself make such calls.
    private void answerLater(Served one, long id, Supplier<Answer> work) {
        if (!waiting.tryAcquire()) {
            send(one, id, new Answer.Refused(Errno.EBUSY));
            return;
        }
        Thread.ofVirtual()
                .name("syscall-later")
                .start(() -> {
                    try {
                        send(one, id, work.get());
                    } catch (RuntimeException e) {
                        // The edge of this thread.
                        LOG.log(
                                Level.WARNING,
                                "system call failed container=" + one.guest.container().id(),
                                e);
                        send(one, id, new Answer.Refused(Errno.EIO));
                    } finally {
                        waiting.release();
                    }
                });
    }

    private static void send(Served one, long id, Answer answer) {
        try {
            boolean unused =
                    switch (answer) {
                        case Answer.Done(long value) ->
                                SeccompNotify.succeed(one.listener, id, value);
                        case Answer.Refused(int errno) ->
                                SeccompNotify.fail(one.listener, id, errno);
                        case Answer.Descriptor(Fd descriptor) -> {
                            try (descriptor) {
                                yield SeccompNotify.give(one.listener, id, descriptor);
                            }
                        }
                        case Answer.Later _, Answer.ByKernel _ ->
                                SeccompNotify.letRun(one.listener, id);
                    };
        } finally {
            one.notes.remove(id);
        }
    }

    private static Answer dispatch(Caller caller, Guest guest, SeccompNotify.Call call) {
        Optional<SeccompNotify.Name> name = SeccompNotify.Name.of(call);
        if (name.isEmpty()) {
            return Answer.BY_KERNEL;
        }
        return switch (name.get()) {
            case MKNOD -> MknodCall.answer(caller, guest, Caller.AT_FDCWD, 0);
            case MKNODAT -> MknodCall.answer(caller, guest, caller.intArgument(0), 1);
            case SETXATTR -> SetxattrCall.byPath(caller, guest, false);
            case LSETXATTR -> SetxattrCall.byPath(caller, guest, true);
            case FSETXATTR -> SetxattrCall.byDescriptor(caller, guest);
            case SYSINFO -> SysinfoCall.answer(caller, guest);
            case SCHED_SETSCHEDULER -> SchedulerCall.answer(caller);
            case MOUNT -> MountCall.answer(caller, guest);
            case BPF -> BpfCall.answer(caller, guest);
        };
    }

    /// Stops answering; callers wait for whoever serves the listeners next.
    @Override
    public void close() {
        watcher.close();
        // First, so that no worker answers a call with its own interruption.
        served.values().forEach(Served::leave);
        served.clear();
        workers.shutdownNow();
    }
}
