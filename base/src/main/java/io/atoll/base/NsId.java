package io.atoll.base;

/// A user or group id as seen inside a user namespace, 0 to 2^32-2.
public record NsId(long value) {
    public NsId {
        HostId.check(value);
    }
}
