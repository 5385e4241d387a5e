package io.atoll.runtime;

import io.atoll.base.BusyException;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.plan.StartPlan;
import io.atoll.runtime.spec.ContainerSpec;
import java.util.List;
import java.util.Optional;

/// The containers of one runtime directory. Several processes may open the same directory one after
/// another: what an earlier one started is found again.
///
/// Safe for use by many threads.
public interface Containers extends AutoCloseable {
    /// Opens a runtime directory and finds what runs there.
    static Containers open(RuntimePaths paths) {
        return new ShimContainers(paths);
    }

    /// Opens a runtime directory without looking for what runs there or at what the host can do;
    /// both is done when it is first needed. For commands, which mostly ask about one container.
    static Containers openLazily(RuntimePaths paths) {
        return ShimContainers.lazy(paths);
    }

    /// Looks at the runtime directory of somebody else, such as of a container that has containers
    /// itself. What runs there is found while its monitor answers; nothing is taken over or cleaned
    /// up. Process ids are ours.
    static Containers observe(RuntimePaths paths) {
        return ShimContainers.observing(paths);
    }

    /// Starts a container and returns when its first program runs. Blocks.
    ///
    /// A start that fails leaves nothing behind.
    ///
    /// @throws InvalidConfigException if the spec asks for what this host cannot do
    /// @throws BusyException if a container of that id runs already
    /// @throws io.atoll.base.DomainException if a step fails; the message says which, on what, and
    ///   why
    Container start(ContainerSpec spec, StartOptions options);

    /// As [#start(ContainerSpec,StartOptions)] with nothing in between.
    default Container start(ContainerSpec spec) {
        return start(spec, StartOptions.DEFAULT);
    }

    /// What a start would do, without doing it; [io.atoll.plan.PlanPrinter] prints it.
    StartPlan explain(ContainerSpec spec);

    /// As [#explain(ContainerSpec)] for a start with options.
    StartPlan explain(ContainerSpec spec, StartOptions options);

    /// The control groups of this host that its containers may be in, as they were when somebody
    /// first asked.
    CgroupLayout cgroups();

    /// The running container of that id, whoever started it.
    Optional<Container> find(String id);

    /// The ids of all running containers, sorted.
    List<String> ids();

    /// How the last container of that id ended, while nobody had the runtime directory open; empty
    /// if it runs, ended under our eyes, or never was.
    Optional<ExitReason> lastExit(String id);

    /// Removes the directories that cgroups of containers were in, where they are empty; starts
    /// make them again. Must not run beside a start.
    ///
    /// @param path below the root of each hierarchy
    void removeCgroup(String path);

    /// Ends the fork server; the next start or command begins another one. Containers live on.
    void retire();

    /// Lets go of descriptors and the watching thread; containers and the fork server live on.
    @Override
    void close();
}
