package io.atoll.runtime;

import io.atoll.base.BusyException;
import io.atoll.linux.Fd;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.LimitsSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// A started container, by us or by an earlier process of the same runtime directory. It is a
/// handle: it holds a pidfd and no thread, and stays valid after the container's death, when most
/// methods throw [PreconditionFailedException][io.atoll.base.PreconditionFailedException].
///
/// Safe for use by several threads. All methods block for as long as the kernel needs.
public interface Container {
    /// The id of its spec.
    String id();

    /// The pid of its init as the host sees it.
    int initPid();

    /// The pid of its monitor; 0 if that was killed.
    int monitorPid();

    /// Its cgroup in the hierarchy of a controller such as `memory`; empty if the host has no such
    /// controller.
    Optional<CgroupFiles> cgroup(String controller);

    /// Its cgroup of version 2, which is the root of what it sees of that tree; empty if the host
    /// has none.
    Optional<CgroupFiles> unifiedCgroup();

    /// A pidfd of its init; a duplicate that the caller closes.
    Fd initPidFd();

    /// What it is doing now.
    ContainerState state();

    /// True if the monitor was killed and no new one could be made. Console and exit status are
    /// lost then; everything else works.
    boolean isOrphaned();

    /// Sends a signal to init.
    void signal(int number);

    /// Asks init to shut down, with the signal its kind of init understands, and waits.
    ///
    /// @return false if it still runs when the time is over
    boolean stop(Duration timeout);

    /// Asks init to reboot.
    void reboot();

    /// Ends all processes, also frozen ones, and waits until the container is gone.
    void kill();

    /// Stops all processes where they are and waits until they stand.
    void freeze();

    /// Lets them run on.
    void thaw();

    /// Runs a command inside.
    Execution exec(ExecSpec spec);

    /// A new connection to the console: what is typed and printed, raw. The caller closes it.
    /// Output goes to everyone attached.
    Fd console();

    /// As [#console()], beginning with what was printed so far.
    Fd consoleFromStart();

    /// A new connection to `/dev/ttyN`.
    ///
    /// @param number 1 to the spec's tty count
    Fd tty(int number);

    /// A terminal that nobody uses, to hold until the connection is closed.
    ///
    /// @param number 1 to the spec's tty count, or empty for the first that is free
    /// @throws BusyException if it is in use
    TerminalLease leaseTerminal(OptionalInt number);

    /// Tells the console its size.
    void resizeConsole(int columns, int rows);

    /// What was printed last, at most as much as the ring holds.
    byte[] consoleLog();

    /// Forgets what was printed.
    void clearConsoleLog();

    /// Writes other limits while it runs.
    void updateLimits(LimitsSpec limits);

    /// The processors that it may use now, as the kernel lists them; empty text where the host does
    /// not say.
    String cpus();

    /// Moves it to other processors while it runs, with the cgroups that programs inside have made.
    ///
    /// @param cpus list such as `0-1,3`; empty for all of the host
    void updateCpus(Optional<String> cpus);

    /// Changes which device nodes may be used while it runs.
    ///
    /// @param before the rules that hold now
    /// @param after those that shall hold
    void updateDevices(List<DeviceRule> before, List<DeviceRule> after);

    /// Changes the throughput of block devices; devices that are not named stay as they are.
    void updateThrottles(List<LimitsSpec.Throttle> throttles);

    /// What it uses, in short.
    CgroupUsage usage();

    /// What it uses.
    CgroupStats stats();

    /// A directory of this life of the container's, which goes with it. Its owner may remember
    /// things there, in files whose names begin with `own.`.
    Path lifeDirectory();

    /// Its root directory as it is mounted inside, for [io.atoll.linux.GuestFiles]; the caller
    /// closes it.
    Fd rootFd();

    /// One of its namespaces, by the kind's file name; the caller closes it.
    Fd namespaceFd(io.atoll.runtime.spec.NamespaceKind kind);

    /// From now on, has somebody answer the system calls of [io.atoll.runtime.spec.Interception]:
    /// of the container's own processes, at once, and of commands when they begin. Without that
    /// they wait for [io.atoll.runtime.spec.SecuritySpec#patience()].
    ///
    /// @param own gets the calls of the container, and closes them
    /// @param commands get the listeners of commands
    void onSystemCalls(Consumer<SystemCalls> own, Consumer<Fd> commands);

    /// Calls once when the container is gone and what its start made is taken away; at once if it
    /// is already. Runs on a thread of the runtime's and must not block for long.
    void onGone(Consumer<ExitReason> listener);

    /// Calls each time it reboots, is frozen or thawed, by whomever of this runtime, until it is
    /// gone. As [#onGone] otherwise.
    void onEvent(Consumer<ContainerEvent> listener);
}
