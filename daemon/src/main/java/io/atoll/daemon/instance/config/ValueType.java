package io.atoll.daemon.instance.config;

import io.atoll.base.ByteSize;
import io.atoll.base.InvalidConfigException;
import io.atoll.image.StrangersYaml;
import io.atoll.runtime.lxc.LxcSeccomp;
import io.atoll.runtime.lxc.RawLxc;
import io.atoll.runtime.spec.SeccompSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// How the text of one configuration value is read: a pure function that answers the typed value or
/// refuses the text.
///
/// The messages are those that LXD 5.0 gives, because scripts show and sometimes match them.
///
/// @param <T> what a value is once it is read
@FunctionalInterface
public interface ValueType<T> {
    /// @throws InvalidConfigException if the text is no such value
    T parse(String text);

    /// Any text.
    ValueType<String> TEXT = text -> text;

    /// true, yes, on, 1 and their opposites, in any case.
    ValueType<Boolean> BOOL = ValueType::parseBool;

    /// A whole number of 64 bits, negative too.
    ValueType<Long> INT64 = ValueType::parseInt64;

    /// A whole number of 32 bits, not negative.
    ValueType<Long> UINT32 = ValueType::parseUint32;

    /// A priority from 0 to 10.
    ValueType<Integer> PRIORITY = ValueType::parsePriority;

    /// A number of bytes with an optional unit.
    ValueType<ByteSize> SIZE = ByteSize::parse;

    /// A number of bytes, or a share of the host's memory in percent.
    ValueType<MemoryLimit> MEMORY = MemoryLimit::parse;

    /// A number of CPUs or a list of CPU numbers.
    ValueType<CpuLimit> CPUS = CpuLimit::parse;

    /// A share of CPU time.
    ValueType<CpuAllowance> CPU_ALLOWANCE = CpuAllowance::parse;

    /// How long snapshots live.
    ValueType<Expiry> EXPIRY = Expiry::parse;

    /// When snapshots are taken.
    ValueType<List<String>> SCHEDULE = Schedules::parse;

    /// Lines of lxc.container.conf(5), as far as they may be given.
    ValueType<String> RAW_LXC =
            text -> {
                for (String line : text.lines().map(String::strip).toList()) {
                    // LXC itself takes no notice of such lines.
                    if (!line.isEmpty() && !line.startsWith("#") && line.indexOf('=') < 0) {
                        throw new InvalidConfigException("Invalid raw.lxc line: " + line);
                    }
                }
                RawLxc unused = RawLxc.parse(text);
                return text;
            };

    /// A YAML document of keys and values.
    ValueType<String> YAML_KEYS = ValueType::parseYaml;

    /// A profile as LXC reads it.
    ValueType<SeccompSpec> RAW_SECCOMP = text -> LxcSeccomp.parse(text, "raw.seccomp");

    /// A UUID.
    ValueType<UUID> UUID_TEXT = ValueType::parseUuid;

    /// Words separated by commas.
    ValueType<List<String>> WORDS =
            text ->
                    Arrays.stream(text.split(","))
                            .map(String::strip)
                            .filter(s -> !s.isEmpty())
                            .toList();

    /// File systems and the programs that serve them, as `ext4=fuse2fs,xfs=xfuse`. What is in a
    /// name reaches the shell of mount.fuse, so it is plain.
    ValueType<Map<String, String>> FUSE_PROGRAMS = ValueType::fusePrograms;

    private static Map<String, String> fusePrograms(String text) {
        Map<String, String> out = new TreeMap<>();
        for (String word : WORDS.parse(text)) {
            if (!word.matches("[a-z0-9_.-]{1,64}=[A-Za-z0-9/_.-]{1,255}")) {
                throw new InvalidConfigException(
                        "\"" + word + "\" is not a file system and a program, as ext4=fuse2fs");
            }
            int equals = word.indexOf('=');
            out.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return out;
    }

    /// Lines of `raw.idmap`.
    ValueType<List<RawIdmapLine>> RAW_IDMAP = RawIdmapLine::parseAll;

    /// A resource limit as of setrlimit(2): `SOFT:HARD`, one number for both, or `unlimited`.
    ValueType<KernelLimit> KERNEL_LIMIT = KernelLimit::parse;

    /// One of the given words.
    static ValueType<String> oneOf(String... words) {
        return text -> {
            if (!List.of(words).contains(text)) {
                throw new InvalidConfigException(
                        "Invalid value \""
                                + text
                                + "\" (not one of ["
                                + String.join(" ", words)
                                + "])");
            }
            return text;
        };
    }

    private static String parseYaml(String text) {
        try {
            if (text.isBlank() || StrangersYaml.load("the value", text) instanceof Map) {
                return text;
            }
        } catch (YamlEngineException e) {
            throw new InvalidConfigException("Invalid YAML: " + e.getMessage(), e);
        }
        throw new InvalidConfigException("Invalid YAML: keys with values are needed");
    }

    private static Boolean parseBool(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "1", "yes", "on" -> true;
            case "false", "0", "no", "off", "" -> false;
            default ->
                    throw new InvalidConfigException(
                            "Invalid value for a boolean \"" + text + "\"");
        };
    }

    private static Long parseInt64(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid value for an integer \"" + text + "\"", e);
        }
    }

    private static Long parseUint32(String text) {
        try {
            return (long) Integer.parseUnsignedInt(text) & 0xFFFF_FFFFL;
        } catch (NumberFormatException e) {
            throw new InvalidConfigException("Invalid value for uint32 \"" + text + "\"", e);
        }
    }

    private static Integer parsePriority(String text) {
        long value = parseInt64(text);
        if (value < 0 || value > 10) {
            throw new InvalidConfigException(
                    "Invalid value for a limit \"" + text + "\". Must be between 0 and 10");
        }
        return (int) value;
    }

    private static UUID parseUuid(String text) {
        if (!Pattern.matches("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text)) {
            throw new InvalidConfigException("Invalid UUID");
        }
        return UUID.fromString(text);
    }
}
