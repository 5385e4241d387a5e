package io.atoll.daemon.instance.config;

import io.atoll.base.InvalidConfigException;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sizes such as `c2-m4` given as `instance_type` at creation: CPUs and gigabytes of memory.
public final class InstanceTypes {
    private static final Pattern SIZE =
            Pattern.compile("(?:c(\\d{1,4}(?:\\.\\d{1,3})?))?-?(?:m(\\d{1,6}(?:\\.\\d{1,3})?))?");

    private InstanceTypes() {}

    /// The `limits.*` keys of a size. A part of a CPU becomes one CPU and an allowance.
    ///
    /// @throws InvalidConfigException if the text is no such size
    public static Map<String, String> parse(String text) {
        Matcher m = SIZE.matcher(text);
        if (text.isEmpty() || !m.matches() || (m.group(1) == null && m.group(2) == null)) {
            throw new InvalidConfigException("Unknown instance type: " + text);
        }
        Map<String, String> config = new LinkedHashMap<>();
        if (m.group(1) != null) {
            putCpu(config, new BigDecimal(m.group(1)));
        }
        if (m.group(2) != null) {
            BigDecimal megabytes = new BigDecimal(m.group(2)).multiply(BigDecimal.valueOf(1024));
            config.put("limits.memory", megabytes.longValue() + "MB");
        }
        return config;
    }

    private static void putCpu(Map<String, String> config, BigDecimal cpus) {
        if (cpus.signum() == 0) {
            throw new InvalidConfigException("Unknown instance type: no CPU");
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
