package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.nio.charset.StandardCharsets;

/// A program of the host that answers the system calls a profile leaves to a supervisor, in the
/// words of liblxc's `lxc.seccomp.notify.proxy`. The monitor connects when the first call comes,
/// and again when the program has gone; calls that it does not answer fail with `ENOSYS`.
///
/// @param socket absolute path of its `SOCK_SEQPACKET` socket, or `@` and its abstract name
/// @param cookie what tells it which container asks
public record Supervisor(String socket, String cookie) {
    private static final String KIND = "unix:";
    private static final int PATH_BYTES_MAX = 107;

    public Supervisor {
        if (!socket.startsWith("/") && !socket.startsWith("@")
                || socket.length() < 2
                || socket.getBytes(StandardCharsets.UTF_8).length > PATH_BYTES_MAX) {
            throw new InvalidConfigException(
                    "not a unix:/PATH or unix:@NAME of at most "
                            + PATH_BYTES_MAX
                            + " bytes: "
                            + socket);
        }
    }

    /// Reads `unix:/PATH` or `unix:@NAME`.
    ///
    /// @throws InvalidConfigException if it is neither
    public static Supervisor parse(String address, String cookie) {
        if (!address.startsWith(KIND)) {
            throw new InvalidConfigException("not a unix:/PATH or unix:@NAME: " + address);
        }
        return new Supervisor(address.substring(KIND.length()), cookie);
    }
}
