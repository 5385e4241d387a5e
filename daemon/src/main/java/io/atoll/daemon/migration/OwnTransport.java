package io.atoll.daemon.migration;

/// What servers of this kind say of themselves in their headers, in a field that others pass over:
/// if both do, each connection goes on as a [SteadySocket] after the headers.
///
/// @param version of the frames
/// @param connects whether this side opened the connections and can open them again
/// @param isLive whether processes are sent as they run, or taken so
public record OwnTransport(int version, boolean connects, boolean isLive) {
    static final int VERSION = 1;

    /// The same with or without processes.
    OwnTransport live(boolean value) {
        return new OwnTransport(version, connects, value);
    }

    ProtoWriter encode() {
        return new ProtoWriter().number(1, version).flag(2, connects).flag(3, isLive);
    }

    static OwnTransport decode(ProtoMessage message) {
        return new OwnTransport(
                (int) message.number(1).orElse(0), message.flag(2), message.flag(3));
    }

    boolean isKnown() {
        return version == VERSION;
    }
}
