package io.atoll.daemon.instance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.ProjectName;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.daemon.store.RecordKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class AutostartTest {
    private static final Map<String, Map<String, String>> CONFIGS =
            Map.of(
                    "a", Map.of(),
                    "b", Map.of("boot.autostart.priority", "5"),
                    "c", Map.of("boot.autostart.priority", "5"),
                    "d", Map.of("boot.autostart.delay", "3"),
                    "e", Map.of(),
                    "f", Map.of("boot.autostart.priority", "-1"));

    private static RecordKey key(String name) {
        return RecordKey.of(ProjectName.DEFAULT, name);
    }

    private static List<Autostart.Wave> waves(String... names) {
        return Autostart.waves(
                List.of(names).stream().map(AutostartTest::key).toList(),
                k -> new InstanceConfig(CONFIGS.get(k.name())));
    }

    private static Autostart.Wave wave(int seconds, String... names) {
        return new Autostart.Wave(
                List.of(names).stream().map(AutostartTest::key).toList(),
                Duration.ofSeconds(seconds));
    }

    @Test
    void higherPriorityComesFirstAndDelaysStandAlone() {
        assertEquals(
                List.of(wave(0, "b", "c"), wave(0, "a"), wave(3, "d"), wave(0, "e"), wave(0, "f")),
                waves("f", "e", "d", "c", "b", "a"));
    }

    @Test
    void nothingToStartIsNoWave() {
        assertEquals(List.of(), waves());
    }

    @Test
    void oneWaveStartsSideBySideAndAFailureStopsNobody() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        Set<String> started = new ConcurrentSkipListSet<>();
        Autostart.run(
                waves("b", "c", "a"),
                k -> {
                    if (!k.name().equals("a")) {
                        await(both);
                    }
                    started.add(k.name());
                    throw new IllegalStateException("as asked by the test");
                });
        assertEquals(Set.of("a", "b", "c"), started);
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
