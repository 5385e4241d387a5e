package io.atoll.linux;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/// Attributes of a mount; `linux/mount.h` `MOUNT_ATTR_*`, mount_setattr(2).
public enum MountAttribute {
    RDONLY(0x1),
    NOSUID(0x2),
    NODEV(0x4),
    NOEXEC(0x8),
    NOATIME(0x10),
    STRICTATIME(0x20),
    NODIRATIME(0x80),
    NOSYMFOLLOW(0x200000);

    private final long bit;

    MountAttribute(long bit) {
        this.bit = bit;
    }

    /// The attributes among a mount's options as [MountInfo] has them.
    public static Set<MountAttribute> ofOptions(Collection<String> options) {
        EnumSet<MountAttribute> out = EnumSet.noneOf(MountAttribute.class);
        for (MountAttribute attribute : values()) {
            String word = attribute == RDONLY ? "ro" : attribute.name().toLowerCase(Locale.ROOT);
            if (options.contains(word)) {
                out.add(attribute);
            }
        }
        return out;
    }

    /// The kernel's bits.
    public static long bits(Set<MountAttribute> attributes) {
        return attributes.stream().mapToLong(a -> a.bit).reduce(0, (a, b) -> a | b);
    }
}
