package io.atoll.plan;

import static org.junit.jupiter.api.Assertions.*;

import io.atoll.plan.Step.*;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PlanTest {
    @Test
    void decodesWhatItEncodes() {
        assertEquals(
                SamplePlans.start(), PlanDecoder.decode(PlanEncoder.encode(SamplePlans.start())));
        assertEquals(
                SamplePlans.exec(), PlanDecoder.decode(PlanEncoder.encode(SamplePlans.exec())));
    }

    @Test
    void samplesUseEveryStep() {
        Set<Class<?>> used =
                Stream.of(Section.values())
                        .flatMap(s -> SamplePlans.start().steps(s).stream())
                        .map(Object::getClass)
                        .collect(Collectors.toSet());
        assertEquals(new HashSet<>(Arrays.asList(Step.class.getPermittedSubclasses())), used);
    }

    @Test
    void printsPlansAsRecorded() {
        assertGolden("start.txt", PlanPrinter.print(SamplePlans.start()));
        assertGolden("exec.txt", PlanPrinter.print(SamplePlans.exec()));
    }

    /// The shim's tests and its fuzzer read the same files.
    @Test
    void encodesWhatTheShimIsTestedWith() throws IOException {
        Path corpus = Path.of(System.getProperty("atoll.root"), "shim/fuzz/corpus");
        byte[] start = PlanEncoder.encode(SamplePlans.start());
        byte[] exec = PlanEncoder.encode(SamplePlans.exec());
        if (Boolean.getBoolean("golden.update")) {
            Files.write(corpus.resolve("start"), start);
            Files.write(corpus.resolve("exec"), exec);
        }
        assertArrayEquals(Files.readAllBytes(corpus.resolve("start")), start);
        assertArrayEquals(Files.readAllBytes(corpus.resolve("exec")), exec);
    }

    @Test
    void everyDamageIsRefusedOrStillAPlan() {
        long seed = System.nanoTime();
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        byte[] good = PlanEncoder.encode(SamplePlans.start());
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = good.clone();
            for (int k = random.nextInt(1, 4); k > 0; k--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            try {
                PlanDecoder.decode(bad);
            } catch (InvalidPlanException _) {
                continue;
            } catch (RuntimeException e) {
                fail("seed " + seed + ", round " + i, e);
            }
        }
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] good = PlanEncoder.encode(SamplePlans.start());
        for (int length = 0; length < good.length; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThrows(InvalidPlanException.class, () -> PlanDecoder.decode(cut));
        }
    }

    @Test
    void refusesWhatTheShimWouldRefuse() {
        assertThrows(InvalidPlanException.class, () -> Slot.of(64));
        assertThrows(InvalidPlanException.class, () -> Place.host("relative"));
        assertThrows(InvalidPlanException.class, () -> Place.in(Slot.of(1), ""));
        assertThrows(InvalidPlanException.class, () -> Place.slot(Slot.NONE));
        assertThrows(InvalidPlanException.class, () -> Place.host("/" + "x".repeat(4096)));
        assertThrows(
                InvalidPlanException.class,
                () -> new FilterSystemCalls(Blob.of(new byte[7]), Slot.NONE));
        assertThrows(
                InvalidPlanException.class,
                () -> new SendNetlink(Blob.of(new byte[8]), List.of(new Patch.ChildPid(5))));
        assertThrows(
                InvalidPlanException.class, () -> CloneSpec.privileged(Set.of(Namespace.USER)));
        assertThrows(InvalidPlanException.class, () -> new IfPossible(new AwaitGate()));
    }

    @Test
    void refusesAPlanThatIsTooLarge() {
        List<Step> many =
                Collections.nCopies(
                        100, new WriteFile(Place.host("/x"), "y".repeat(3000), WriteMode.EXISTING));
        ExecPlan base = SamplePlans.exec();
        ExecPlan large =
                new ExecPlan(
                        "web",
                        base.target(),
                        base.namespaces(),
                        Slot.NONE,
                        false,
                        many,
                        List.of(),
                        base.init());
        assertThrows(InvalidPlanException.class, () -> PlanEncoder.encode(large));
    }

    /// Compares with a recorded file; `-Dgolden.update=true` records anew.
    private static void assertGolden(String name, String actual) {
        try {
            Path path = Path.of("src/test/resources/plan", name);
            if (Boolean.getBoolean("golden.update")) {
                Files.writeString(path, actual);
            }
            assertEquals(Files.readString(path, StandardCharsets.UTF_8), actual);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
