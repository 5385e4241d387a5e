package io.atoll.image;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// How an archive is packed: a compression alone, at the level that it has by itself, or with a
/// level.
public sealed interface Packing permits Compression, Packing.Leveled {
    /// What the archive is then.
    Compression compression();

    /// A stream that packs what is written to it; closing it finishes and closes `out`. The same
    /// bytes in give the same bytes out.
    OutputStream compress(OutputStream out) throws IOException;

    /// A compression and how hard it tries.
    ///
    /// @param level one that [#parse(String)] takes
    record Leveled(Compression compression, int level) implements Packing {
        public Leveled {
            Levels levels = LEVELS.get(compression);
            if (levels == null || level < levels.lowest || level > levels.highest) {
                throw new InvalidConfigException("No level " + level + " of " + compression);
            }
        }

        @Override
        public OutputStream compress(OutputStream out) throws IOException {
            Levels levels = Optional.ofNullable(LEVELS.get(compression)).orElseThrow();
            return compression.compress(out, Math.min(level, levels.hardest));
        }
    }

    /// The levels of a compression.
    ///
    /// @param hardest the highest that is used, higher ones mean it. xz and lzma differ above 6 in
    ///   the size of their dictionary only, and a packer with 9's would need 674 MiB of memory.
    ///   Above 19 the program zstd does as here, too, unless it is told `--ultra`.
    record Levels(int lowest, int highest, int hardest) {}

    /// The levels that the programs of these names take.
    Map<Compression, Levels> LEVELS =
            Map.of(
                    Compression.GZIP, new Levels(1, 9, 9),
                    Compression.BZIP2, new Levels(1, 9, 9),
                    Compression.XZ, new Levels(0, 9, 6),
                    Compression.LZMA, new Levels(0, 9, 6),
                    Compression.ZSTD, new Levels(1, 22, 19));

    /// A name, and a level after it or none: `xz -9`.
    Pattern FORM = Pattern.compile("\\s*(\\S+)(?:\\s+-(\\d{1,2}))?\\s*");

    /// The value of LXD's `compression_algorithm`, `backups.compression_algorithm` and
    /// `images.compression_algorithm`. LXD runs a program with all the arguments of the value; of
    /// these the level is taken.
    ///
    /// @throws InvalidConfigException which says what may stand there
    static Packing parse(String value) {
        String wrong = "Invalid compression algorithm \"" + value + "\": ";
        String name = value.strip().split("\\s", 2)[0];
        Compression compression =
                named(name)
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        wrong + "not one of none, gzip, bzip2, xz, lzma, zstd"));
        Matcher form = FORM.matcher(value);
        boolean isForm = form.matches();
        if (isForm && form.group(2) == null) {
            return compression;
        }
        Levels levels = LEVELS.get(compression);
        if (levels == null) {
            throw new InvalidConfigException(wrong + "nothing may follow " + name);
        }
        int level = isForm ? Integer.parseInt(form.group(2)) : -1;
        if (level < levels.lowest || level > levels.highest) {
            throw new InvalidConfigException(
                    wrong
                            + "only a level may follow "
                            + name
                            + ", -"
                            + levels.lowest
                            + " to -"
                            + levels.highest);
        }
        return new Leveled(compression, level);
    }

    private static Optional<Compression> named(String name) {
        return switch (name) {
            case "none" -> Optional.of(Compression.NONE);
            case "gzip", "pigz" -> Optional.of(Compression.GZIP);
            case "bzip2" -> Optional.of(Compression.BZIP2);
            case "xz" -> Optional.of(Compression.XZ);
            case "lzma" -> Optional.of(Compression.LZMA);
            case "zstd" -> Optional.of(Compression.ZSTD);
            default -> Optional.empty();
        };
    }
}
