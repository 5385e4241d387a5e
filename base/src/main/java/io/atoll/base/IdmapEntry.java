package io.atoll.base;

/// One line of a `uid_map` or `gid_map`: `count` ids from `nsId` inside are `hostId` and up
/// outside; user_namespaces(7).
public record IdmapEntry(Kind kind, NsId nsId, HostId hostId, long count) {
    /// Which ids a line maps.
    public enum Kind {
        UID,
        GID
    }

    /// @throws InvalidConfigException if the range is empty or runs past 2^32-2, the last valid id
    public IdmapEntry {
        if (count < 1) {
            throw new InvalidConfigException("idmap range is empty: " + count);
        }
        if (nsId.value() + count > HostId.LIMIT || hostId.value() + count > HostId.LIMIT) {
            throw new InvalidConfigException(
                    "idmap range leaves the id space: " + hostId.value() + "+" + count);
        }
    }
}
