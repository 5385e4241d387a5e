package io.atoll.lxctools.storage;

import io.atoll.base.InvalidConfigException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a caller may say about the storage of a new container; each backend takes what concerns it.
///
/// @param directory `--dir`, where a directory shall be
/// @param fsType `--fstype`, for backends that make a file system
/// @param sizeBytes `--fssize`
/// @param logicalVolume `--lvname`; empty for the container's name
/// @param volumeGroup `--vgname` or lxc.conf(5)
/// @param thinPool `--thinpool` or lxc.conf(5); empty for none
/// @param zfsRoot `--zfsroot` or lxc.conf(5)
/// @param rbdName `--rbdname`; empty for the container's name
/// @param rbdPool `--rbdpool` or lxc.conf(5)
public record StorageOptions(
        Optional<Path> directory,
        String fsType,
        long sizeBytes,
        String logicalVolume,
        String volumeGroup,
        String thinPool,
        String zfsRoot,
        String rbdName,
        String rbdPool) {
    /// A gibibyte, as in LXC.
    public static final long SIZE_DEFAULT = 1L << 30;

    private static final long SIZE_MIN = 1L << 20;
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})\\s*([bBkKmMgGtT]?)");

    /// With everything left to its default.
    public static final StorageOptions DEFAULT =
            new StorageOptions(
                    Optional.empty(), "ext4", SIZE_DEFAULT, "", "lxc", "", "lxc", "", "lxc");

    /// Bytes of a size such as `500M`; a bare number is in mebibytes.
    ///
    /// @throws InvalidConfigException if it is none, or below a mebibyte
    public static long size(String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        if (!matcher.matches()) {
            throw new InvalidConfigException(
                    "not a size: " + text + "; use a number with one of b k m g t");
        }
        int shift =
                switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
                    case "b" -> 0;
                    case "k" -> 10;
                    case "g" -> 30;
                    case "t" -> 40;
                    default -> 20;
                };
        long number = Long.parseLong(matcher.group(1));
        if (number > Long.MAX_VALUE >> shift) {
            throw new InvalidConfigException("size is too large: " + text);
        }
        long bytes = number << shift;
        if (bytes < SIZE_MIN) {
            throw new InvalidConfigException("size is below one mebibyte: " + text);
        }
        return bytes;
    }
}
