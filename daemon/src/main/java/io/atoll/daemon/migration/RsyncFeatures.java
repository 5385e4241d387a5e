package io.atoll.daemon.migration;

import java.util.ArrayList;
import java.util.List;

/// What two rsyncs have agreed on.
///
/// @param xattrs extended attributes are sent
/// @param delete what the source does not have is deleted
/// @param compress the stream is compressed
/// @param bidirectional the receiving side answers, which is said and always so
/// @param links hard links stay what they are; never said, but known of servers of this kind
public record RsyncFeatures(
        boolean xattrs, boolean delete, boolean compress, boolean bidirectional, boolean links) {
    /// What Debian's rsync can.
    public static final RsyncFeatures ALL = new RsyncFeatures(true, true, true, true, false);

    static final RsyncFeatures NONE = new RsyncFeatures(false, false, false, false, false);

    /// What both can.
    RsyncFeatures and(RsyncFeatures other) {
        return new RsyncFeatures(
                xattrs && other.xattrs,
                delete && other.delete,
                compress && other.compress,
                bidirectional && other.bidirectional,
                links && other.links);
    }

    /// The same between servers of this kind, whose connection compresses.
    RsyncFeatures own() {
        return new RsyncFeatures(xattrs, delete, false, bidirectional, true);
    }

    /// Arguments that mean the same at both ends, on which the stream between them depends.
    List<String> arguments() {
        List<String> out = new ArrayList<>();
        if (xattrs) {
            out.add("--xattrs");
            // Labels are of the host's policy, and what an overlay thinks is of the pool.
            out.add("--filter=-x security.selinux");
        }
        if (delete) {
            out.add("--delete");
        }
        if (links) {
            out.add("--hard-links");
        }
        if (compress) {
            out.add("--compress");
            out.add("--compress-level=2");
        }
        return out;
    }

    ProtoWriter encode() {
        return new ProtoWriter()
                .flag(1, xattrs)
                .flag(2, delete)
                .flag(3, compress)
                .flag(4, bidirectional);
    }

    static RsyncFeatures decode(ProtoMessage message) {
        return new RsyncFeatures(
                message.flag(1), message.flag(2), message.flag(3), message.flag(4), false);
    }
}
