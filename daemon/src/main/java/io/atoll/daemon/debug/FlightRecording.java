package io.atoll.daemon.debug;

import io.atoll.base.BusyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import jdk.jfr.Recording;

/// What the virtual machine does for some seconds, as a file of the JDK Flight Recorder: where time
/// goes, what is allocated, what waits for what.
///
/// Which events it has is said here one by one. The recorder's own settings would add the
/// environment, system properties and the command lines of all processes of the host.
final class FlightRecording implements DebugPage, AutoCloseable {
    private static final int SECONDS = 10;
    private static final int SECONDS_MAX = 300;
    private static final long BYTES_MAX = 64 << 20;
    private static final Duration SAMPLES = Duration.ofMillis(20);
    private static final Duration WAITS = Duration.ofMillis(1);

    /// Once a second.
    static final List<String> STATES =
            List.of(
                    "jdk.CPULoad",
                    "jdk.ThreadCPULoad",
                    "jdk.ThreadAllocationStatistics",
                    "jdk.JavaThreadStatistics",
                    "jdk.ClassLoadingStatistics",
                    "jdk.CompilerStatistics",
                    "jdk.ExceptionStatistics",
                    "jdk.MetaspaceSummary",
                    "jdk.ResidentSetSize");

    /// At the end of each recording.
    static final List<String> FACTS =
            List.of("jdk.CPUInformation", "jdk.GCConfiguration", "jdk.PhysicalMemory");

    /// Taken every [#SAMPLES].
    static final List<String> SAMPLED = List.of("jdk.ExecutionSample", "jdk.NativeMethodSample");

    static final String ALLOCATION = "jdk.ObjectAllocationSample";

    /// When they happen.
    static final List<String> HAPPENINGS =
            List.of(
                    "jdk.GarbageCollection",
                    "jdk.GCPhasePause",
                    "jdk.GCHeapSummary",
                    "jdk.SafepointBegin",
                    "jdk.ExecuteVMOperation",
                    "jdk.Compilation",
                    "jdk.ThreadStart",
                    "jdk.ThreadEnd",
                    "jdk.VirtualThreadPinned",
                    "jdk.VirtualThreadSubmitFailed",
                    "jdk.DataLoss");

    /// If they take as long as [#WAITS].
    static final List<String> SLOW =
            List.of(
                    "jdk.JavaMonitorEnter",
                    "jdk.JavaMonitorWait",
                    "jdk.ThreadPark",
                    "jdk.ThreadSleep",
                    "jdk.FileForce");

    private final Scratch scratch;
    private final AtomicBoolean isTaken = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);

    FlightRecording(Scratch scratch) {
        this.scratch = scratch;
    }

    @Override
    public String name() {
        return "jfr";
    }

    @Override
    public String about() {
        return "A recording for jfr(1) or JDK Mission Control; ?seconds=" + SECONDS;
    }

    @Override
    public Content show(Function<String, Optional<String>> query) throws IOException {
        int seconds = DebugPage.number(query, "seconds", SECONDS, SECONDS_MAX);
        if (!isTaken.compareAndSet(false, true)) {
            throw new BusyException("A recording is being made, ask again when it has ended");
        }
        try {
            return new Content.Made(
                    "application/octet-stream", "atolld.jfr", record(Duration.ofSeconds(seconds)));
        } finally {
            isTaken.set(false);
        }
    }

    private Path record(Duration length) throws IOException {
        Path file = scratch.fresh(".jfr");
        try (Recording recording = new Recording()) {
            recording.setName("atolld");
            recording.setMaxSize(BYTES_MAX);
            STATES.forEach(event -> recording.enable(event).withPeriod(Duration.ofSeconds(1)));
            FACTS.forEach(event -> recording.enable(event).with("period", "endChunk"));
            SAMPLED.forEach(event -> recording.enable(event).withPeriod(SAMPLES));
            recording.enable(ALLOCATION).with("throttle", "150/s");
            HAPPENINGS.forEach(event -> recording.enable(event).withoutThreshold());
            SLOW.forEach(event -> recording.enable(event).withThreshold(WAITS));
            recording.start();
            // What was recorded until the daemon ends is of use too, if somebody still reads it.
            boolean unused = closed.await(length.toMillis(), TimeUnit.MILLISECONDS);
            recording.stop();
            recording.dump(file);
            return file;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("The recording was given up: the daemon ends", e);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /// Ends the one that is being made.
    @Override
    public void close() {
        closed.countDown();
    }
}
