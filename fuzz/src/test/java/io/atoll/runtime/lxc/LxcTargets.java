package io.atoll.runtime.lxc;

import io.atoll.base.DomainException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Files of LXC.
public final class LxcTargets {
    private static final LxcIncludes INCLUDES =
            (path, where) -> List.of(new LxcIncludes.Included(path, "lxc.uts.name = x"));

    private LxcTargets() {}

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /// What is read is written and read again as the same; what is taken for a map keeps to the ids
    /// that there are.
    public static void config(String text) {
        quietly(text, RawLxc::parse);
        LxcConfig config = LxcConfig.parse(text, "fuzz", INCLUDES);
        LxcConfig again = LxcConfig.parse(config.render(), "fuzz", INCLUDES);
        require(config.settings().size() == again.settings().size(), "other settings");
        quietly(config, LxcLimits::rlimits);
        quietly(config, LxcLimits::bounding);
        quietly(config, LxcLimits::limits);
        quietly(config, c -> c.find("lxc.rootfs.path").map(LxcRootfs::parse));
        quietly(config, LxcTargets::idmap);
    }

    private static <T> void quietly(T value, Consumer<T> reader) {
        try {
            reader.accept(value);
        } catch (DomainException _) {
            // Refused.
        }
    }

    private static void idmap(LxcConfig config) {
        LxcCompiler.idmap(config)
                .entries()
                .forEach(entry ->
                        require(
                                entry.count() > 0
                                        && entry.hostId().value() >= 0
                                        && entry.hostId().value() + entry.count() <= 1L << 32,
                                "ids that do not exist"));
    }

    public static void mounts(String text) {
        var _ = new LxcMounts(Optional.of(Path.of("/root"))).parseFile(text, "fuzz");
    }

    public static void seccomp(String text) {
        var _ = LxcSeccomp.parse(text, "fuzz");
    }
}
