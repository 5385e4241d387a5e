package io.atoll.image;

import io.atoll.base.Architecture;
import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.List;

/// Builds images from what the host has: `debian/SUITE` from the Debian mirror that the host's apt
/// uses, and `busybox`, a tiny one from the host's static busybox. Results are split images and are
/// kept in a cache directory.
///
/// @param cache directory for results; made if missing
/// @param progress told about long steps
public record ImageBuilder(Path cache, BuildProgress progress) {
    /// What [#build] can make, as shown to users.
    public static final List<String> NAMES =
            List.of("debian/11", "debian/12", "debian/13", "debian/sid", "busybox");

    /// Builds an image or takes it from the cache. Takes seconds to minutes. Debian needs root and
    /// `mmdebstrap`.
    ///
    /// @param name `busybox`, or `debian/` and a version or code name
    /// @param refresh build even if the cache has it
    /// @throws InvalidConfigException if the name is not known
    /// @throws io.atoll.base.UnsupportedException if a program is missing, naming the package to
    ///   install
    public ImageFile build(String name, Architecture architecture, boolean refresh) {
        if (name.equals("busybox")) {
            return new BusyboxImage(cache, progress).build(architecture, refresh);
        }
        String[] parts = name.split("/", 2);
        if (parts.length == 2 && parts[0].equals("debian")) {
            return new DebianImage(cache, progress).build(parts[1], architecture, refresh);
        }
        throw new InvalidConfigException(
                "Cannot build image \"" + name + "\": not one of " + String.join(", ", NAMES));
    }
}
