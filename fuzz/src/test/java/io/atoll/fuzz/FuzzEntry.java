package io.atoll.fuzz;

import java.util.Arrays;
import java.util.List;

/// What Jazzer's driver calls. Its `--target_args` name the targets; of several the first byte of
/// an input tells which one gets the rest, so that one process can try them all for a moment.
public final class FuzzEntry {
    private static List<Target> targets = List.of();

    private FuzzEntry() {}

    public static void fuzzerInitialize(String[] names) {
        targets = Arrays.stream(names).map(Targets::find).toList();
    }

    public static void fuzzerTestOneInput(byte[] input) {
        if (targets.size() == 1) {
            Targets.run(targets.getFirst(), input);
        } else if (input.length > 0) {
            Targets.run(
                    targets.get((input[0] & 0xff) % targets.size()),
                    Arrays.copyOfRange(input, 1, input.length));
        }
    }
}
