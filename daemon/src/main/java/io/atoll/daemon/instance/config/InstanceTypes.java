package io.atoll.daemon.instance.config;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sizes given as `instance_type` at creation: CPUs and gigabytes of memory as in `c2-m4`, or the
/// name of a size that a cloud sells, `t2.micro` or `aws:t2.micro`. The latter stand in
/// `instance-types.txt` beside this class; the first cloud that has the name counts if none is
/// named.
public final class InstanceTypes {
    private static final Pattern SIZE =
            Pattern.compile("(?:c(\\d{1,4}(?:\\.\\d{1,3})?))?-?(?:m(\\d{1,6}(?:\\.\\d{1,3})?))?");
    private static final String SOLD = "instance-types.txt";

    private InstanceTypes() {}

    /// The `limits.*` keys of a size. A part of a CPU becomes one CPU and an allowance.
    ///
    /// @throws InvalidConfigException if the text is no such size
    public static Map<String, String> parse(String text) {
        Matcher m = SIZE.matcher(text);
        if (text.isEmpty() || !m.matches() || (m.group(1) == null && m.group(2) == null)) {
            return sold(text)
                    .orElseThrow(() ->
                            new InvalidConfigException(
                                    "Provided instance type doesn't exist: " + text));
        }
        Map<String, String> config = new LinkedHashMap<>();
        if (m.group(1) != null) {
            putCpu(config, new BigDecimal(m.group(1)));
        }
        if (m.group(2) != null) {
            putMemory(config, new BigDecimal(m.group(2)));
        }
        return config;
    }

    /// Looked for line by line: nobody asks often enough for a table.
    private static Optional<Map<String, String>> sold(String text) {
        int colon = text.indexOf(':');
        String cloud = text.substring(0, Math.max(colon, 0));
        String name = text.substring(colon + 1);
        try (InputStream in =
                        Objects.requireNonNull(InstanceTypes.class.getResourceAsStream(SOLD));
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ");
                boolean isMeant =
                        words.length == 4
                                && words[1].equals(name)
                                && (colon < 0 || words[0].equals(cloud));
                if (isMeant) {
                    Map<String, String> config = new LinkedHashMap<>();
                    putCpu(config, new BigDecimal(words[2]));
                    putMemory(config, new BigDecimal(words[3]));
                    return Optional.of(config);
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new InternalException("Failed to read " + SOLD + ": " + e.getMessage(), e);
        }
    }

    private static void putMemory(Map<String, String> config, BigDecimal gigabytes) {
        long megabytes = gigabytes.multiply(BigDecimal.valueOf(1024)).longValue();
        config.put("limits.memory", megabytes + "MB");
    }

    private static void putCpu(Map<String, String> config, BigDecimal cpus) {
        if (cpus.signum() == 0) {
            throw new InvalidConfigException("Provided instance type has no CPU");
        }
        if (cpus.compareTo(BigDecimal.ONE) < 0) {
            config.put("limits.cpu", "1");
            config.put(
                    "limits.cpu.allowance",
                    cpus.multiply(BigDecimal.valueOf(100)).intValue() + "%");
            return;
        }
        config.put("limits.cpu", Integer.toString(cpus.intValue()));
    }
}
