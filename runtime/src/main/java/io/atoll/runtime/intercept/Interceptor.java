package io.atoll.runtime.intercept;

import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.ExitWatcher;
import io.atoll.linux.Fd;
import io.atoll.linux.FdIo;
import io.atoll.linux.SeccompNotify;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Answers the system calls of containers that the kernel hands to us. One thread waits for all of
/// them, and a few do the work; each listener has one call in work at a time, so that no container
/// keeps others waiting for long.
public final class Interceptor implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Interceptor.class.getName());

    /// Calls in work at a time, of all containers.
    static final int WORKERS = 4;

    private final ThreadPoolExecutor workers;
    private final ExitWatcher watcher;
    private final Path inWork;
    private final Map<Fd, ExitWatcher.Watch> served = new ConcurrentHashMap<>();

    /// @param inWork directory for notes of what is being answered, for whoever comes after us
    public Interceptor(Path inWork) {
        this.inWork = inWork;
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

    /// Answers the calls that come by a container's own listener, from now until its last process
    /// has ended. A call that an earlier process of ours had taken and not answered is handed back
    /// to the kernel.
    ///
    /// @param listener closed by us
    public void serve(Fd listener, Guest guest) {
        Path note = inWork.resolve(guest.container().id());
        try {
            Files.createDirectories(inWork);
            if (Files.exists(note)) {
                byte[] id = Files.readAllBytes(note);
                if (id.length == Long.BYTES) {
                    SeccompNotify.letRun(listener, ByteBuffer.wrap(id).getLong());
                }
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "no note of the last call file=" + note, e);
        }
        watch(new Served(listener, guest, Optional.of(note)));
    }

    /// As [#serve] for a listener of a command: nobody comes after us, since it ends with us.
    public void serveCommand(Fd listener, Guest guest) {
        watch(new Served(listener, guest, Optional.empty()));
    }

    private record Served(Fd listener, Guest guest, Optional<Path> note) {}

    private void watch(Served one) {
        try {
            served.put(one.listener, watcher.watch(one.listener, () -> turn(one)));
        } catch (ErrnoException | IllegalStateException e) {
            // Closed, or out of descriptors: the kernel answers ENOSYS from now on.
            LOG.log(
                    System.Logger.Level.WARNING,
                    "system calls are not answered container=" + one.guest.container().id(),
                    e);
            one.listener.close();
        }
    }

    /// The edge of a worker.
    private void turn(Served one) {
        try {
            int ready = FdIo.poll(one.listener, FdIo.POLLIN, Duration.ZERO);
            if ((ready & FdIo.POLLIN) != 0) {
                SeccompNotify.receive(one.listener).ifPresent(call -> answer(one, call));
            } else if ((ready & (FdIo.POLLHUP | FdIo.POLLERR)) != 0) {
                forget(one);
                return;
            }
            watch(one);
        } catch (ErrnoException | IllegalStateException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "a listener is given up container=" + one.guest.container().id(),
                    e);
            forget(one);
        }
    }

    private void forget(Served one) {
        served.remove(one.listener);
        one.listener.close();
        one.note.ifPresent(note -> {
            try {
                Files.deleteIfExists(note);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "note is left file=" + note, e);
            }
        });
    }

    private void answer(Served one, SeccompNotify.Call call) {
        note(one, call.id());
        Answer answer;
        try (Caller caller = Caller.open(call, one.listener, one.guest)) {
            answer = dispatch(caller, one.guest, call);
        } catch (ErrnoException e) {
            answer = new Answer.Refused(e.errno());
        } catch (RuntimeException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "system call failed container=" + one.guest.container().id(),
                    e);
            answer = new Answer.Refused(Errno.EPERM);
        }
        boolean unused =
                switch (answer) {
                    case Answer.Done(long value) ->
                            SeccompNotify.succeed(one.listener, call.id(), value);
                    case Answer.Refused(int errno) ->
                            SeccompNotify.fail(one.listener, call.id(), errno);
                    case Answer.ByKernel _ -> SeccompNotify.letRun(one.listener, call.id());
                };
    }

    /// The next one of us finds the call here if we die before it is answered.
    private static void note(Served one, long id) {
        one.note.ifPresent(file -> {
            try {
                Files.write(file, ByteBuffer.allocate(Long.BYTES).putLong(id).array());
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "call is not noted file=" + file, e);
            }
        });
    }

    private static Answer dispatch(Caller caller, Guest guest, SeccompNotify.Call call) {
        Optional<SeccompNotify.Name> name = SeccompNotify.Name.of(call);
        if (name.isEmpty()) {
            return Answer.BY_KERNEL;
        }
        return switch (name.get()) {
            case MKNOD -> MknodCall.answer(caller, guest, AT_FDCWD, 0);
            case MKNODAT -> MknodCall.answer(caller, guest, caller.intArgument(0), 1);
            case SETXATTR -> SetxattrCall.byPath(caller, guest, false);
            case LSETXATTR -> SetxattrCall.byPath(caller, guest, true);
            case FSETXATTR -> SetxattrCall.byDescriptor(caller, guest);
            case SYSINFO -> SysinfoCall.answer(caller, guest);
            case SCHED_SETSCHEDULER -> SchedulerCall.answer(caller);
            case MOUNT -> MountCall.answer(caller, guest);
        };
    }

    private static final int AT_FDCWD = -100;

    /// Stops answering; callers wait for whoever serves the listeners next.
    @Override
    public void close() {
        watcher.close();
        workers.shutdownNow();
        served.keySet().forEach(Fd::close);
        served.clear();
    }
}
