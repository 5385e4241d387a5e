package io.atoll.runtime.lxc;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// The kinds of values that `lxc.*` keys take; each knows what it accepts and says so.
enum LxcValue {
    TEXT("any text"),
    BOOL("0 or 1") {
        @Override
        boolean accepts(String value) {
            return value.equals("0") || value.equals("1");
        }
    },
    UNSIGNED("a number from 0 to 4294967295") {
        @Override
        boolean accepts(String value) {
            return isNumber(value, 0, 0xFFFF_FFFFL);
        }
    },
    INTEGER("a number from -2147483648 to 2147483647") {
        @Override
        boolean accepts(String value) {
            return isNumber(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
    },
    SIZE("a size such as 65536, 64KB, 1 MB or auto") {
        @Override
        boolean accepts(String value) {
            return ConsoleSize.find(value).isPresent();
        }
    },
    NAME("1 to 64 characters without a slash") {
        @Override
        boolean accepts(String value) {
            return value.length() <= 64 && value.indexOf('/') < 0;
        }
    },
    INTERFACE("an interface name of at most 15 characters without slash or blank") {
        @Override
        boolean accepts(String value) {
            return value.length() <= 15 && value.chars().noneMatch(c -> c == '/' || c <= ' ');
        }
    },
    LINK("an interface name, or a prefix followed by +") {
        @Override
        boolean accepts(String value) {
            return INTERFACE.accepts(
                    value.endsWith("+") ? value.substring(0, value.length() - 1) : value);
        }
    },
    ABSOLUTE_PATH("an absolute path") {
        @Override
        boolean accepts(String value) {
            return value.startsWith("/");
        }
    },
    UNIX_SOCKET("unix:/PATH or unix:@NAME") {
        @Override
        boolean accepts(String value) {
            return value.startsWith("unix:/") || value.startsWith("unix:@");
        }
    },
    RELATIVE_PATH("a relative path without ..") {
        @Override
        boolean accepts(String value) {
            return !value.startsWith("/") && !Arrays.asList(value.split("/")).contains("..");
        }
    },
    SIGNAL("a signal's name or number, for example SIGPWR, 30 or SIGRTMIN+3") {
        @Override
        boolean accepts(String value) {
            return Signals.find(value).isPresent();
        }
    },
    ARCH("an architecture, for example x86_64, i686 or linux32") {
        @Override
        boolean accepts(String value) {
            return ARCHITECTURES.contains(value);
        }
    },
    MAC("six pairs of hex digits separated by colons, x for a random digit") {
        @Override
        boolean accepts(String value) {
            return MAC_PATTERN.matcher(value).matches();
        }
    },
    IPV4("an IPv4 address with an optional prefix length and broadcast address") {
        @Override
        boolean accepts(String value) {
            return IPV4_PATTERN.matcher(value).matches();
        }
    },
    IPV6("an IPv6 address with an optional prefix length") {
        @Override
        boolean accepts(String value) {
            return IPV6_PATTERN.matcher(value).matches();
        }
    },
    GATEWAY4("an IPv4 address, auto or dev") {
        @Override
        boolean accepts(String value) {
            return value.equals("auto") || value.equals("dev") || IPV4.accepts(value);
        }
    },
    GATEWAY6("an IPv6 address, auto or dev") {
        @Override
        boolean accepts(String value) {
            return value.equals("auto") || value.equals("dev") || IPV6.accepts(value);
        }
    },
    NET_TYPE("one of veth, macvlan, ipvlan, vlan, phys, empty, none") {
        @Override
        boolean accepts(String value) {
            return Set.of("veth", "macvlan", "ipvlan", "vlan", "phys", "empty", "none")
                    .contains(value);
        }
    },
    NET_FLAGS("up") {
        @Override
        boolean accepts(String value) {
            return value.equals("up");
        }
    },
    VETH_MODE("bridge or router") {
        @Override
        boolean accepts(String value) {
            return value.equals("bridge") || value.equals("router");
        }
    },
    MACVLAN_MODE("private, vepa, bridge or passthru") {
        @Override
        boolean accepts(String value) {
            return Set.of("private", "vepa", "bridge", "passthru").contains(value);
        }
    },
    IPVLAN_MODE("l3, l3s or l2") {
        @Override
        boolean accepts(String value) {
            return Set.of("l3", "l3s", "l2").contains(value);
        }
    },
    IPVLAN_ISOLATION("bridge, private or vepa") {
        @Override
        boolean accepts(String value) {
            return Set.of("bridge", "private", "vepa").contains(value);
        }
    },
    VLAN_ID("a VLAN number from 0 to 4095") {
        @Override
        boolean accepts(String value) {
            return isNumber(value, 0, 4095);
        }
    },
    VLAN_ID_OR_NONE("a VLAN number from 0 to 4095, or none") {
        @Override
        boolean accepts(String value) {
            return value.equals("none") || VLAN_ID.accepts(value);
        }
    },
    IDMAP(
            "u or g, the first id inside, the first id on the host and how many, separated by blanks") {
        @Override
        boolean accepts(String value) {
            String[] words = value.split("\\s+");
            return words.length == 4
                    && (words[0].equals("u") || words[0].equals("g"))
                    && Arrays.stream(words).skip(1).allMatch(UNSIGNED::accepts);
        }
    },
    NAMESPACES("names out of mnt pid uts ipc user net cgroup time, separated by blanks") {
        @Override
        boolean accepts(String value) {
            return NAMESPACE_NAMES.containsAll(List.of(value.split("[\\s|]+")));
        }
    },
    MOUNT_ENTRY("a line as in fstab(5): source, target, type, options") {
        @Override
        boolean accepts(String value) {
            return value.split("\\s+").length >= 3;
        }
    },
    MOUNT_AUTO(
            "words out of proc sys cgroup cgroup-full cgroup2 shmounts with :mixed, :ro, :rw or :force") {
        @Override
        boolean accepts(String value) {
            return Arrays.stream(value.split("\\s+"))
                    .allMatch(w -> AUTO_PATTERN.matcher(w).matches());
        }
    },
    RLIMIT("SOFT or SOFT:HARD, each a number or unlimited") {
        @Override
        boolean accepts(String value) {
            return RLIMIT_PATTERN.matcher(value).matches();
        }
    },
    TIME_OFFSET("a number with a unit out of h m s ms us ns") {
        @Override
        boolean accepts(String value) {
            return TIME_PATTERN.matcher(value).matches();
        }
    },
    ENVIRONMENT("NAME=VALUE, or NAME to take it from the caller") {
        @Override
        boolean accepts(String value) {
            return !value.startsWith("=");
        }
    },
    /// Of syslog(3), those that LXC takes.
    FACILITY("daemon or one of local0 to local7") {
        @Override
        boolean accepts(String value) {
            return value.matches("daemon|local[0-7]");
        }
    },
    LOG_LEVEL("0 to 8 or one of TRACE DEBUG INFO NOTICE WARN ERROR CRIT ALERT FATAL") {
        @Override
        boolean accepts(String value) {
            return isNumber(value, 0, 8)
                    || LOG_LEVELS.contains(value.toUpperCase(java.util.Locale.ROOT));
        }
    },
    HOOK_VERSION("0 or 1") {
        @Override
        boolean accepts(String value) {
            return BOOL.accepts(value);
        }
    };

    static final Set<String> NAMESPACE_NAMES =
            Set.of("mnt", "pid", "uts", "ipc", "user", "net", "cgroup", "time");

    static final Set<String> ARCHITECTURES =
            Set.of(
                    "x86",
                    "i386",
                    "i486",
                    "i586",
                    "i686",
                    "athlon",
                    "linux32",
                    "x86_64",
                    "amd64",
                    "linux64",
                    "arm",
                    "armv6l",
                    "armv7l",
                    "armv8l",
                    "armel",
                    "armhf",
                    "arm64",
                    "aarch64",
                    "powerpc",
                    "powerpc64",
                    "ppc",
                    "ppc64",
                    "ppc64el",
                    "ppc64le",
                    "s390",
                    "s390x",
                    "mips",
                    "mips64",
                    "riscv32",
                    "riscv64",
                    "loongarch64");

    private static final Set<String> ARCHITECTURES_32 =
            Set.of(
                    "x86", "i386", "i486", "i586", "i686", "athlon", "linux32", "arm", "armel",
                    "armhf", "armv6l", "armv7l", "armv8l", "powerpc", "ppc", "mips");

    private static final Set<String> LOG_LEVELS =
            Set.of("TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL");
    private static final Pattern MAC_PATTERN =
            Pattern.compile("([0-9a-fA-FxX]{2}:){5}[0-9a-fA-FxX]{2}");
    private static final String OCTET = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)";
    private static final String DOTTED = "(" + OCTET + "\\.){3}" + OCTET;
    private static final Pattern IPV4_PATTERN =
            Pattern.compile(DOTTED + "(/(3[0-2]|[12]?\\d))?( +" + DOTTED + ")?");
    private static final Pattern IPV6_PATTERN =
            Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(/(12[0-8]|1[01]\\d|\\d?\\d))?");
    private static final Pattern AUTO_PATTERN =
            Pattern.compile(
                    "proc(:mixed|:rw)?|sys(:mixed|:ro|:rw)?|(cgroup|cgroup-full|cgroup2)(:mixed|:ro|:rw)?(:force)?"
                            + "|shmounts:\\S+");
    private static final Pattern RLIMIT_PATTERN =
            Pattern.compile("(\\d{1,19}|unlimited)(\\s*:\\s*(\\d{1,19}|unlimited))?");
    private static final Pattern TIME_PATTERN = Pattern.compile("-?\\d{1,18}\\s*(h|m|s|ms|us|ns)?");

    /// Whether programs of this architecture are to see a machine of 32 bits.
    static boolean is32Bit(String architecture) {
        return ARCHITECTURES_32.contains(architecture);
    }

    private final String range;

    LxcValue(String range) {
        this.range = range;
    }

    /// What is accepted, for messages and the reference page.
    String range() {
        return range;
    }

    boolean accepts(String value) {
        return true;
    }

    private static boolean isNumber(String value, long min, long max) {
        try {
            long number = Long.decode(value.strip());
            return number >= min && number <= max;
        } catch (NumberFormatException _) {
            return false;
        }
    }
}
