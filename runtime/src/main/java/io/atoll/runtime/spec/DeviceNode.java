package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;

/// A device node inside a container.
///
/// @param path below the container's root
/// @param mode permission bits, 0 to 07777
/// @param uid owner as seen inside
/// @param gid group as seen inside
/// @param access what the container may do with it, some of `rwm`
public record DeviceNode(
        GuestPath path,
        Type type,
        int major,
        int minor,
        int mode,
        long uid,
        long gid,
        String access) {
    /// Character or block.
    public enum Type {
        CHAR('c'),
        BLOCK('b');

        private final char letter;

        Type(char letter) {
            this.letter = letter;
        }

        /// As in a device rule.
        public char letter() {
            return letter;
        }
    }

    public DeviceNode {
        if (major < 0 || major > 0xFFF || minor < 0 || minor > 0xF_FFFF || (mode & ~07777) != 0) {
            throw new InvalidConfigException("device " + path + " has no such number or mode");
        }
    }

    /// A node with which all can be done.
    public DeviceNode(
            GuestPath path, Type type, int major, int minor, int mode, long uid, long gid) {
        this(path, type, major, minor, mode, uid, gid, "rwm");
    }

    /// A character device of root's with mode 0666.
    public static DeviceNode character(String path, int major, int minor) {
        return new DeviceNode(new GuestPath(path), Type.CHAR, major, minor, 0666, 0, 0);
    }

    /// The rule that lets the container use this node.
    public DeviceRule rule() {
        return DeviceRule.parse(true, type.letter() + " " + major + ":" + minor + " " + access);
    }
}
