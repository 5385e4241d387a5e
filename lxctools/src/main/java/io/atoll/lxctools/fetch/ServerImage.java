package io.atoll.lxctools.fetch;

import io.atoll.image.remote.RemoteFile;
import java.util.Optional;

/// An image that a server offers.
///
/// @param build when it was made, such as `20260101_07:42`
/// @param metadata configuration and the like
/// @param rootfs the root file system as an archive
/// @param squashfs the same as a squashfs file, if there is one
record ServerImage(
        String distribution,
        String release,
        String architecture,
        String variant,
        String build,
        RemoteFile metadata,
        RemoteFile rootfs,
        Optional<RemoteFile> squashfs) {
    /// True for the image that was asked for.
    boolean matches(String wanted, String ofRelease, String ofArchitecture, String ofVariant) {
        return distribution.equalsIgnoreCase(wanted)
                && release.equalsIgnoreCase(ofRelease)
                && architecture.equals(ofArchitecture)
                && variant.equals(ofVariant);
    }

    String line() {
        return String.join("\t", distribution, release, architecture, variant, build);
    }
}
