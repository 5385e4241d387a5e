package io.atoll.plan;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/// A `MOUNT_ATTR_*` flag of `linux/mount.h`; mount_setattr(2). Access time modes are left at the
/// kernel's default (relatime) unless set.
public enum MountAttribute {
    READ_ONLY("ro", 0x1),
    NO_SUID("nosuid", 0x2),
    NO_DEV("nodev", 0x4),
    NO_EXEC("noexec", 0x8),
    NO_ATIME("noatime", 0x10),
    STRICT_ATIME("strictatime", 0x20),
    NO_DIRATIME("nodiratime", 0x80),
    NO_SYMFOLLOW("nosymfollow", 0x20_0000);

    private final String text;
    private final int flag;

    MountAttribute(String text, int flag) {
        this.text = text;
        this.flag = flag;
    }

    /// The word used in mount options.
    public String text() {
        return text;
    }

    /// The kernel's flag.
    public int flag() {
        return flag;
    }

    static int flags(Collection<MountAttribute> set) {
        return set.stream().mapToInt(MountAttribute::flag).reduce(0, (a, b) -> a | b);
    }

    static Set<MountAttribute> ofFlags(int flags) {
        Set<MountAttribute> set = EnumSet.noneOf(MountAttribute.class);
        for (MountAttribute each : values()) {
            if ((flags & each.flag) != 0) {
                set.add(each);
            }
        }
        if (flags(set) != flags) {
            throw new InvalidPlanException(
                    "unknown mount attributes: 0x" + Integer.toHexString(flags));
        }
        return set;
    }
}
