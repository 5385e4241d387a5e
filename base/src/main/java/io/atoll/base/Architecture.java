package io.atoll.base;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/// A processor architecture, called as the kernel calls it (`uname -m`), with the names
/// distributions use for it.
public enum Architecture {
    I686("i686", "i386", "i586", "386", "x86", "generic_32"),
    X86_64("x86_64", "amd64", "generic_64"),
    ARMV7L(
            "armv7l",
            "armel",
            "armhf",
            "arm",
            "armhfp",
            "armv7a_hardfp",
            "armv7",
            "armv7a_vfpv3_hardfp",
            "armv8l"),
    AARCH64("aarch64", "arm64", "arm64_generic"),
    PPC("ppc", "powerpc"),
    PPC64("ppc64", "powerpc64"),
    PPC64LE("ppc64le", "ppc64el", "powerpc64le"),
    S390X("s390x", "mainframe"),
    MIPS("mips", "mipsel", "mipsle"),
    MIPS64("mips64", "mips64el", "mips64le"),
    RISCV32("riscv32"),
    RISCV64("riscv64");

    private final String kernelName;

    /// Separated by spaces.
    private final String aliases;

    Architecture(String kernelName, String... aliases) {
        this.kernelName = kernelName;
        this.aliases = String.join(" ", aliases);
    }

    /// As `uname -m` says it.
    public String kernelName() {
        return kernelName;
    }

    /// Whether its addresses have 32 bits.
    public boolean is32Bit() {
        return switch (this) {
            case I686, ARMV7L, PPC, MIPS, RISCV32 -> true;
            case X86_64, AARCH64, PPC64, PPC64LE, S390X, MIPS64, RISCV64 -> false;
        };
    }

    /// As Debian calls its ports, `amd64`.
    public String debianName() {
        return switch (this) {
            case I686 -> "i386";
            case X86_64 -> "amd64";
            case ARMV7L -> "armhf";
            case AARCH64 -> "arm64";
            case PPC -> "powerpc";
            case PPC64 -> "ppc64";
            case PPC64LE -> "ppc64el";
            case MIPS -> "mipsel";
            case MIPS64 -> "mips64el";
            case S390X, RISCV32, RISCV64 -> kernelName;
        };
    }

    /// Empty if nobody we know uses this name.
    public static Optional<Architecture> find(String name) {
        return Arrays.stream(values())
                .filter(a -> !name.isEmpty())
                .filter(a ->
                        a.kernelName.equals(name) || List.of(a.aliases.split(" ")).contains(name))
                .findFirst();
    }

    /// The one that the kernel calls so; other names are refused.
    ///
    /// @throws InvalidConfigException in LXD's words
    public static Architecture ofKernelName(String name) {
        return Arrays.stream(values())
                .filter(a -> a.kernelName.equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new InvalidConfigException(
                                "Invalid value \""
                                        + name
                                        + "\" (not one of ["
                                        + Arrays.stream(values())
                                                .map(Architecture::kernelName)
                                                .collect(Collectors.joining(" "))
                                        + "])"));
    }

    /// The architecture of this Java virtual machine.
    public static Architecture host() {
        String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        return find(name)
                .orElseThrow(() -> new UnsupportedException("Unknown host architecture " + name));
    }
}
