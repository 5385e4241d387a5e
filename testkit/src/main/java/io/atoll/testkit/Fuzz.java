package io.atoll.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Gives a parser inputs that are almost right. The inputs follow from a seed, which a failure
/// names together with the input: `-Datoll.seed=N` makes the same again, `-Datoll.fuzz=SECONDS`
/// goes on for longer than the moment that a test has.
public final class Fuzz {
    private static final long SEED = Long.getLong("atoll.seed", System.nanoTime());
    private static final Duration LENGTH =
            Duration.ofMillis(1000L * Integer.getInteger("atoll.fuzz", 0));

    /// How many inputs there are at least, whatever time they take.
    private static final int INPUTS = 2000;

    private static final int CHANGES_MAX = 6;
    private static final int BYTES_MAX = 1 << 18;

    /// An input that takes longer hangs, as far as users can tell. The time of this thread's work,
    /// not of others that the machine is busy with.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

    private final List<byte[]> seeds;
    private final List<byte[]> tokens = new ArrayList<>();
    private final RandomGenerator random = RandomGeneratorFactory.getDefault().create(SEED);

    private Fuzz(List<byte[]> seeds) {
        this.seeds = seeds;
    }

    /// @param seeds inputs that are right; changed and mixed they are the others
    public static Fuzz of(List<byte[]> seeds) {
        return new Fuzz(seeds);
    }

    public static Fuzz ofTexts(String... seeds) {
        List<byte[]> bytes = new ArrayList<>();
        for (String seed : seeds) {
            bytes.add(seed.getBytes(StandardCharsets.UTF_8));
        }
        return new Fuzz(bytes);
    }

    /// Words that mean something to the parser.
    public Fuzz with(String... words) {
        for (String word : words) {
            tokens.add(word.getBytes(StandardCharsets.UTF_8));
        }
        return this;
    }

    /// Takes an input; throws only what its caller may see.
    @FunctionalInterface
    public interface Target {
        void take(byte[] input) throws IOException;
    }

    /// Takes an input that is text.
    @FunctionalInterface
    public interface TextTarget {
        void take(String input) throws IOException;
    }

    public void runTexts(TextTarget target) {
        run(input -> target.take(new String(input, StandardCharsets.UTF_8)));
    }

    /// @throws AssertionError if the target throws anything, names the input
    public void run(Target target) {
        long end = System.nanoTime() + LENGTH.toNanos();
        for (int i = 0; i < INPUTS || System.nanoTime() < end; i++) {
            byte[] input = i < seeds.size() ? seeds.get(i) : next();
            long begun = CLOCK.getCurrentThreadCpuTime();
            try {
                target.take(input);
            } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
                throw new AssertionError(describe(input), e);
            }
            if (CLOCK.getCurrentThreadCpuTime() - begun > PATIENCE.toNanos()) {
                throw new AssertionError("takes for ever: " + describe(input));
            }
        }
    }

    private static String describe(byte[] input) {
        String text = Base64.getEncoder().encodeToString(input);
        return "seed "
                + SEED
                + ", input of "
                + input.length
                + " bytes: "
                + text.substring(0, Math.min(text.length(), 8192));
    }

    private byte[] next() {
        byte[] input = pick(seeds).clone();
        int changes = 1 + random.nextInt(CHANGES_MAX);
        for (int i = 0; i < changes; i++) {
            input = changed(input);
        }
        return input.length > BYTES_MAX ? part(input, 0, BYTES_MAX) : input;
    }

    private byte[] pick(List<byte[]> from) {
        return from.get(random.nextInt(from.size()));
    }

    private byte[] changed(byte[] input) {
        int at = random.nextInt(input.length + 1);
        int to = Math.min(input.length, at + 1 + random.nextInt(64));
        return switch (random.nextInt(8)) {
            case 0 -> flipped(input);
            case 1 -> joined(part(input, 0, at), part(input, to, input.length));
            case 2 -> joined(part(input, 0, to), part(input, at, input.length));
            case 3 -> part(input, 0, at);
            case 4 -> joined(part(input, 0, at), noise(), part(input, at, input.length));
            case 5 -> joined(part(input, 0, at), noise(), part(input, to, input.length));
            case 6 -> {
                byte[] other = pick(seeds);
                int cut = random.nextInt(other.length + 1);
                yield joined(part(input, 0, at), part(other, cut, other.length));
            }
            default -> repeated(input, at, to);
        };
    }

    private byte[] flipped(byte[] input) {
        byte[] out = input.clone();
        if (out.length > 0) {
            int at = random.nextInt(out.length);
            out[at] = (byte) (out[at] ^ 1 << random.nextInt(8));
        }
        return out;
    }

    /// Depth and length are what parsers forget to bound.
    private byte[] repeated(byte[] input, int at, int to) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(input, 0, at);
        int times = random.nextInt(4) == 0 ? random.nextInt(4000) : random.nextInt(8);
        for (int i = 0; i < times && out.size() < BYTES_MAX; i++) {
            out.write(input, at, to - at);
        }
        out.write(input, to, input.length - to);
        return out.toByteArray();
    }

    private byte[] noise() {
        if (!tokens.isEmpty() && random.nextBoolean()) {
            return pick(tokens);
        }
        byte[] out = new byte[1 + random.nextInt(12)];
        random.nextBytes(out);
        return out;
    }

    private static byte[] part(byte[] bytes, int from, int to) {
        return java.util.Arrays.copyOfRange(bytes, from, to);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
