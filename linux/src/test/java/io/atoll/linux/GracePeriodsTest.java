package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GracePeriodsTest {
    @TempDir Path directory;
    private Path control;
    private Path isolated;
    private Path mark;

    @BeforeEach
    void switchOff() throws IOException {
        control = Files.writeString(directory.resolve("rcu_expedited"), "0\n");
        isolated = Files.writeString(directory.resolve("isolated"), "\n");
        mark = directory.resolve("mark");
    }

    private GracePeriods periods() {
        return new GracePeriods(control, List.of(isolated, directory.resolve("missing")), mark);
    }

    private boolean isOn() throws IOException {
        return Files.readString(control).startsWith("1");
    }

    @Test
    void theLastOneSwitchesOff() throws IOException {
        GracePeriods.Hurry first = periods().hurry();
        GracePeriods.Hurry second = periods().hurry();
        assertTrue(isOn());
        first.close();
        assertTrue(isOn());
        second.close();
        assertFalse(isOn());
    }

    @Test
    void manyAtOnceLeaveItOff() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<?>> all = new ArrayList<>();
            IntStream.range(0, 2000)
                    .forEach(_ -> all.add(threads.submit(() -> periods().hurry().close())));
            for (Future<?> one : all) {
                assertEquals(null, one.get());
            }
        }
        assertFalse(isOn());
        try (GracePeriods.Hurry _ = periods().hurry()) {
            assertTrue(isOn());
        }
    }

    @Test
    void whatSomebodyElseSwitchedOnStaysOn() throws IOException {
        Files.writeString(control, "1\n");
        periods().hurry().close();
        assertTrue(isOn());
        periods().recover();
        assertTrue(isOn());
    }

    @Test
    void whatAKilledOneLeftOnIsSwitchedOff() throws IOException {
        Files.writeString(mark, "1");
        Files.writeString(control, "1\n");
        periods().recover();
        assertFalse(isOn());
        Files.writeString(mark, "1");
        Files.writeString(control, "1\n");
        periods().hurry().close();
        assertFalse(isOn());
    }

    @Test
    void processorsThatAreNotToBeDisturbedAreNot() throws IOException {
        Files.writeString(isolated, "2-3\n");
        try (GracePeriods.Hurry _ = periods().hurry()) {
            assertFalse(isOn());
        }
        Files.writeString(isolated, "  (null)\n");
        try (GracePeriods.Hurry _ = periods().hurry()) {
            assertTrue(isOn());
        }
    }

    @Test
    void withoutTheSwitchNothingHappens() throws IOException {
        Files.delete(control);
        periods().hurry().close();
        mark = directory.resolve("no/such/directory/mark");
        Files.writeString(control, "0\n");
        try (GracePeriods.Hurry _ = periods().hurry()) {
            assertFalse(isOn());
        }
        periods().recover();
        assertFalse(Files.exists(mark));
    }

    @Test
    @Tag("privileged")
    void theKernelTakesIt() throws IOException {
        String isolatedHere = Files.readString(Path.of("/sys/devices/system/cpu/isolated"));
        assumeTrue(isolatedHere.isBlank(), "this host keeps processors undisturbed");
        // Off again it may not be before other tests are through, see Leaks.
        try (GracePeriods.Hurry _ = new GracePeriods(mark).hurry()) {
            assertEquals("1\n", Files.readString(Path.of("/sys/kernel/rcu_expedited")));
        }
    }
}
