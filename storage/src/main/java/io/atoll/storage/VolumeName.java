package io.atoll.storage;

import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import java.nio.charset.StandardCharsets;

/// One volume of a pool. The name is that of its directory: for instances the name with the
/// project's prefix, for custom volumes always `PROJECT_NAME`, for images the fingerprint.
public record VolumeName(VolumeType type, String name) {
    /// The longest file name of every file system we use.
    static final int NAME_BYTES_MAX = 255;

    /// @throws InvalidConfigException if it cannot be the name of a directory
    public VolumeName {
        checkFileName("volume", name);
    }

    static void checkFileName(String what, String name) {
        boolean hostile = name.isEmpty() || name.equals(".") || name.equals("..");
        if (hostile || name.chars().anyMatch(c -> c == '/' || c < ' ' || c == 0x7f)) {
            throw new InvalidConfigException(
                    "Invalid " + what + " name \"" + printable(name) + "\"");
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > NAME_BYTES_MAX) {
            throw new InvalidConfigException(
                    "Invalid " + what + " name: longer than " + NAME_BYTES_MAX + " bytes");
        }
    }

    private static String printable(String name) {
        return name.replaceAll("\\p{Cntrl}", "?");
    }

    public static VolumeName container(String name) {
        return new VolumeName(VolumeType.CONTAINER, name);
    }

    public static VolumeName custom(String name) {
        return new VolumeName(VolumeType.CUSTOM, name);
    }

    public static VolumeName image(Fingerprint fingerprint) {
        return new VolumeName(VolumeType.IMAGE, fingerprint.value());
    }

    /// This volume as it is now, not one of its snapshots.
    public VolumeRef current() {
        return new VolumeRef(this, "");
    }

    /// @throws InvalidConfigException if the name cannot be one
    public VolumeRef snapshot(String snapshot) {
        checkFileName("snapshot", snapshot);
        return new VolumeRef(this, snapshot);
    }

    @Override
    public String toString() {
        return type.apiName() + "/" + name;
    }
}
