package io.atoll.image;

import io.atoll.base.InvalidConfigException;

/// One volume in a backup and where it stands in the archive.
///
/// @param isInstance false for custom volumes, whose files stand directly in their directory
public record BackupPart(String prefix, boolean isInstance) {
    /// The instance itself.
    public static final BackupPart INSTANCE = new BackupPart("backup/container", true);

    /// The custom volume itself.
    public static final BackupPart VOLUME = new BackupPart("backup/volume", false);

    /// A snapshot of an instance.
    public static BackupPart snapshot(String name) {
        return new BackupPart("backup/snapshots/" + checked(name), true);
    }

    /// A snapshot of a custom volume.
    public static BackupPart volumeSnapshot(String name) {
        return new BackupPart("backup/volume-snapshots/" + checked(name), false);
    }

    private static String checked(String name) {
        if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf('/') >= 0) {
            throw new InvalidConfigException("Invalid snapshot name \"" + name + "\"");
        }
        return name;
    }

    /// Where its files stand.
    String rootPrefix() {
        return isInstance ? prefix + "/rootfs" : prefix;
    }

    /// The member that holds its disk, of a block volume.
    String diskName() {
        return prefix + ".img";
    }

    /// The member that holds it as its file system passes it on.
    ///
    /// @param path `/`, or where in it a file system of its own belongs
    public String streamName(String path) {
        String inner = path.replaceFirst("^/+", "").replace("-", "--").replace('/', '-');
        return prefix + (inner.isEmpty() ? "" : "_" + inner) + ".bin";
    }

    /// Whether a member of the archive belongs to it.
    boolean has(String name) {
        return name.equals(prefix) || name.startsWith(prefix + "/");
    }
}
