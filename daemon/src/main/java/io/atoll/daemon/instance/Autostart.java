package io.atoll.daemon.instance;

import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.store.RecordKey;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;

/// Starts what is to run when the daemon starts. Higher `boot.autostart.priority` comes first;
/// instances of the same priority start side by side, except that one with `boot.autostart.delay`
/// starts alone and keeps those after it waiting.
final class Autostart {
    private static final Logger LOG = System.getLogger(Autostart.class.getName());

    /// How many start at once: enough to keep the processors busy while others wait for disks.
    private static final int AT_ONCE = Math.max(4, Runtime.getRuntime().availableProcessors() * 2);

    /// Instances that start side by side, and how long to wait after them.
    record Wave(List<RecordKey> instances, Duration delay) {}

    private Autostart() {}

    /// The order of starting. Pure.
    static List<Wave> waves(List<RecordKey> wanted, Function<RecordKey, InstanceConfig> configs) {
        List<RecordKey> sorted = new ArrayList<>(wanted);
        sorted.sort(
                Comparator.comparing((RecordKey key) -> -priority(configs.apply(key)))
                        .thenComparing(Comparator.naturalOrder()));
        List<Wave> out = new ArrayList<>();
        List<RecordKey> together = new ArrayList<>();
        long priority = 0;
        for (RecordKey key : sorted) {
            InstanceConfig config = configs.apply(key);
            long delay = config.get(ConfigKeys.AUTOSTART_DELAY).orElse(0L);
            if (!together.isEmpty() && (delay > 0 || priority(config) != priority)) {
                out.add(new Wave(List.copyOf(together), Duration.ZERO));
                together.clear();
            }
            priority = priority(config);
            if (delay > 0) {
                out.add(new Wave(List.of(key), Duration.ofSeconds(delay)));
            } else {
                together.add(key);
            }
        }
        if (!together.isEmpty()) {
            out.add(new Wave(List.copyOf(together), Duration.ZERO));
        }
        return out;
    }

    private static long priority(InstanceConfig config) {
        return config.get(ConfigKeys.AUTOSTART_PRIORITY).orElse(0L);
    }

    /// Starts one wave after the other; one that fails does not keep the others from starting.
    static void run(List<Wave> waves, Consumer<RecordKey> start) throws InterruptedException {
        Semaphore free = new Semaphore(AT_ONCE);
        for (Wave wave : waves) {
            List<Thread> workers = new ArrayList<>();
            for (RecordKey key : wave.instances) {
                workers.add(
                        Thread.ofVirtual()
                                .name("autostart-" + key.name())
                                .start(() -> startOne(free, key, start)));
            }
            for (Thread worker : workers) {
                worker.join();
            }
            Thread.sleep(wave.delay);
        }
    }

    private static void startOne(Semaphore free, RecordKey key, Consumer<RecordKey> start) {
        free.acquireUninterruptibly();
        try {
            start.accept(key);
        } catch (RuntimeException e) {
            LOG.log(
                    Level.ERROR,
                    "instance did not start with the daemon instance=" + key.name(),
                    e);
        } finally {
            free.release();
        }
    }
}
