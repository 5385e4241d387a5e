package io.atoll.lxcfs.cgroup;

import io.atoll.linux.Processes;
import io.atoll.lxcfs.view.Loadavg;
import io.atoll.lxcfs.view.Text;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// Load averages of the containers that asked for theirs at least once: one thread samples all of
/// them every [Loadavg#SAMPLE_SECONDS] seconds, and nothing is sampled before somebody asked.
public final class LoadTracker {
    /// Containers tracked at a time; later ones read the host's file.
    static final int CONTAINERS_MAX = 4096;

    /// How deep below a container's cgroup tasks are counted.
    private static final int DEPTH_MAX = 10;

    private final HostFiles files;
    private final Map<Key, Tracked> tracked = new ConcurrentHashMap<>();

    /// Process ids are reused, pairs of id and start time are not.
    private record Key(int initPid, long startTicks) {}

    private record Tracked(String directory, Loadavg load) {}

    private record Count(int running, int waiting, int total, long lastPid) {
        static final Count NONE = new Count(0, 0, 0, 0);

        Count plus(Count other) {
            return new Count(
                    running + other.running,
                    waiting + other.waiting,
                    total + other.total,
                    Math.max(lastPid, other.lastPid));
        }
    }

    public LoadTracker(HostFiles files) {
        this.files = files;
    }

    /// The load of a container; the first call starts its tracking and shows what runs at this
    /// moment.
    ///
    /// @param cgroup asked only at that first call
    public Optional<Loadavg> find(int initPid, long startTicks, Supplier<Optional<Cgroup>> cgroup) {
        Key key = new Key(initPid, startTicks);
        Tracked known = tracked.get(key);
        if (known != null) {
            return Optional.of(known.load());
        }
        Optional<String> directory = cgroup.get().flatMap(Cgroup::taskDirectory);
        if (directory.isEmpty() || tracked.size() >= CONTAINERS_MAX) {
            return Optional.empty();
        }
        return Optional.of(
                tracked.computeIfAbsent(
                                key, _ -> sample(new Tracked(directory.get(), Loadavg.ZERO)))
                        .load());
    }

    /// Takes one sample of every tracked container and forgets those whose init has gone. Called by
    /// one thread.
    public void sampleAll() {
        for (Key key : List.copyOf(tracked.keySet())) {
            Optional<Long> start =
                    files.read("/proc/" + key.initPid() + "/stat").flatMap(Processes::startTicks);
            if (start.isPresent() && start.get() == key.startTicks()) {
                tracked.computeIfPresent(key, (_, value) -> sample(value));
            } else {
                tracked.remove(key);
            }
        }
    }

    /// How many containers are tracked.
    public int size() {
        return tracked.size();
    }

    private Tracked sample(Tracked value) {
        Count count = count(value.directory(), 0);
        Loadavg next =
                value.load()
                        .sample(
                                count.running() + count.waiting(),
                                count.running(),
                                count.total(),
                                count.lastPid());
        return new Tracked(value.directory(), next);
    }

    private Count count(String directory, int depth) {
        Count sum = Count.NONE;
        String tasks =
                files.read(directory + "/tasks")
                        .or(() -> files.read(directory + "/cgroup.threads"))
                        .orElse("");
        for (String task : tasks.split("\n")) {
            sum = task.isEmpty() ? sum : sum.plus(countTask(task));
        }
        if (depth < DEPTH_MAX) {
            for (String child : files.directories(directory)) {
                sum = sum.plus(count(directory + "/" + child, depth + 1));
            }
        }
        return sum;
    }

    private Count countTask(String task) {
        String stat = files.read("/proc/" + task + "/stat").orElse("");
        int state = stat.lastIndexOf(')') + 2;
        if (state < 2 || state >= stat.length()) {
            return Count.NONE;
        }
        char c = stat.charAt(state);
        return new Count(c == 'R' ? 1 : 0, c == 'D' ? 1 : 0, 1, Text.parseLong(task).orElse(0));
    }
}
