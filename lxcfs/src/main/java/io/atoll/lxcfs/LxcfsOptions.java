package io.atoll.lxcfs;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// The command line of `lxcfs`, as upstream's takes it.
///
/// @param tracksLoad `-l`: /proc/loadavg is the container's own
/// @param hidesSwap `-u`: containers see no swap
/// @param cutsCpusByQuota `--enable-cfs`: a CFS quota cuts the number of processors shown
/// @param threads how many requests are answered at a time
/// @param pidFile where the process id is written
record LxcfsOptions(
        boolean tracksLoad,
        boolean hidesSwap,
        boolean cutsCpusByQuota,
        int threads,
        Optional<Path> pidFile,
        Path mountPoint) {
    static final int THREADS_DEFAULT = 4;
    static final int THREADS_MAX = 64;

    static final String USAGE =
            """
            Usage: lxcfs [OPTIONS] MOUNTPOINT

            Shows containers their own memory, processors, load and uptime.

              -l, --enable-loadavg   own /proc/loadavg for each container
              -u, --disable-swap     containers see no swap
              --enable-cfs           a CPU quota cuts the number of processors shown
              --threads N            requests answered at a time, 1 to 64 (4)
              -p, --pidfile FILE     write the process id to FILE
              -f, -d, -s, -o OPTS, --enable-pidfd
                                     accepted for compatibility, without effect
              -h, --help             this text
              -v, --version          the version
            """;

    /// @throws InvalidConfigException naming the word that is wrong
    static LxcfsOptions parse(List<String> words) {
        boolean load = false;
        boolean hidesSwap = false;
        boolean cfs = false;
        int threads = THREADS_DEFAULT;
        Optional<Path> pidFile = Optional.empty();
        Optional<Path> mountPoint = Optional.empty();
        Deque<String> rest = new ArrayDeque<>(words);
        while (!rest.isEmpty()) {
            String word = rest.pop();
            switch (word) {
                case "-l", "--enable-loadavg" -> load = true;
                case "-u", "--disable-swap" -> hidesSwap = true;
                case "--enable-cfs" -> cfs = true;
                case "-p", "--pidfile" -> pidFile = Optional.of(Path.of(argument(word, rest)));
                case "--threads" -> threads = threads(argument(word, rest));
                case "-o" -> argument(word, rest);
                case "-f", "--foreground", "-d", "--debug", "-s", "--enable-pidfd" -> {}
                default -> {
                    if (word.startsWith("-") || mountPoint.isPresent()) {
                        throw new InvalidConfigException(
                                "unexpected argument " + word + "; see lxcfs --help");
                    }
                    mountPoint = Optional.of(Path.of(word).toAbsolutePath().normalize());
                }
            }
        }
        Path at =
                mountPoint.orElseThrow(
                        () -> new InvalidConfigException("no mount point given; see lxcfs --help"));
        return new LxcfsOptions(load, hidesSwap, cfs, threads, pidFile, at);
    }

    private static String argument(String option, Deque<String> rest) {
        if (rest.isEmpty()) {
            throw new InvalidConfigException("option " + option + " needs an argument");
        }
        return rest.pop();
    }

    private static int threads(String text) {
        try {
            int threads = Integer.parseInt(text);
            if (threads >= 1 && threads <= THREADS_MAX) {
                return threads;
            }
        } catch (NumberFormatException _) {
            // Said below, together with numbers out of range.
        }
        throw new InvalidConfigException("--threads " + text + " is not in 1.." + THREADS_MAX);
    }
}
