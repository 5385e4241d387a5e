package io.atoll.bench;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// How long open, read to the end and close of a file take: the same file below each of several
/// roots in turn, so that a noisy machine is noisy for all of them. Run inside the container whose
/// views are measured, by `scripts/bench-lxcfs.sh`.
public final class ReadLatency {
    private static final int ROUNDS = 5;
    private static final int READS = 2000;
    private static final int WARM_UP = 300;

    private ReadLatency() {}

    /// Arguments: number of parallel readers, a file name, roots.
    public static void main(String[] args) throws InterruptedException {
        int readers = Integer.parseInt(args[0]);
        String file = args[1];
        List<String> roots = Arrays.asList(args).subList(2, args.length);
        List<List<long[]>> nanos = new ArrayList<>();
        roots.forEach(_ -> nanos.add(new ArrayList<>()));
        for (int round = 0; round <= ROUNDS; round++) {
            for (int i = 0; i < roots.size(); i++) {
                List<long[]> measured =
                        inParallel(
                                readers, roots.get(i) + "/" + file, round == 0 ? WARM_UP : READS);
                if (round > 0) {
                    nanos.get(i).addAll(measured);
                }
            }
        }
        StringBuilder row = new StringBuilder("| " + file + " | " + readers);
        double first = 0;
        for (List<long[]> all : nanos) {
            long[] sorted = all.stream().flatMapToLong(Arrays::stream).sorted().toArray();
            double median = sorted[sorted.length / 2] / 1000.0;
            double p99 = sorted[(int) (sorted.length * 0.99)] / 1000.0;
            row.append(String.format(Locale.ROOT, " | %.0f | %.0f", median, p99));
            first = first == 0 ? median : first;
            if (all == nanos.getLast() && nanos.size() > 1) {
                row.append(String.format(Locale.ROOT, " | %.2f", median / first));
            }
        }
        System.out.println(row.append(" |"));
    }

    private static List<long[]> inParallel(int readers, String path, int reads)
            throws InterruptedException {
        List<long[]> out = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < readers; i++) {
            long[] nanos = new long[reads / readers];
            out.add(nanos);
            threads.add(Thread.ofPlatform().start(() -> read(path, nanos)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        return out;
    }

    private static void read(String path, long[] nanos) {
        byte[] buffer = new byte[64 << 10];
        for (int i = 0; i < nanos.length; i++) {
            long start = System.nanoTime();
            try (FileInputStream in = new FileInputStream(path)) {
                while (in.read(buffer) > 0) {
                    // Only the time counts.
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            nanos[i] = System.nanoTime() - start;
        }
    }
}
