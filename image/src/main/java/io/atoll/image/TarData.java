package io.atoll.image;

import io.atoll.base.BlockInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;

/// The content of one member, with the holes of a sparse file as zeros.
final class TarData extends BlockInputStream {
    /// `length` stored bytes belong at `offset`.
    record Segment(long offset, long length) {}

    static final TarData EMPTY = new TarData(InputStream.nullInputStream(), List.of(), 0);

    private final InputStream in;
    private final List<Segment> segments;
    private final long size;
    private long position;
    private int segment;

    TarData(InputStream in, List<Segment> segments, long size) {
        this.in = in;
        this.segments = List.copyOf(segments);
        this.size = size;
    }

    long size() {
        return size;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (position >= size || length == 0) {
            return position >= size ? -1 : 0;
        }
        while (segment < segments.size() && position >= end(segments.get(segment))) {
            segment++;
        }
        boolean tail = segment >= segments.size();
        long holeEnd = tail ? size : segments.get(segment).offset();
        int count;
        if (position < holeEnd) {
            count = (int) Math.min(length, holeEnd - position);
            java.util.Arrays.fill(into, offset, offset + count, (byte) 0);
        } else {
            count =
                    in.read(
                            into,
                            offset,
                            (int) Math.min(length, end(segments.get(segment)) - position));
            if (count < 0) {
                throw new EOFException("archive ends in the middle");
            }
        }
        position += count;
        return count;
    }

    private static long end(Segment segment) {
        return segment.offset() + segment.length();
    }

    /// Goes to where something is stored again.
    ///
    /// @return how many zeros were passed over
    long skipHole() {
        while (segment < segments.size() && position >= end(segments.get(segment))) {
            segment++;
        }
        long end = segment < segments.size() ? segments.get(segment).offset() : size;
        long hole = Math.max(0, end - position);
        position += hole;
        return hole;
    }

    /// Skips the stored bytes that are left.
    void drain() throws IOException {
        for (; segment < segments.size(); segment++) {
            Segment current = segments.get(segment);
            long done = Math.max(0, Math.min(current.length(), position - current.offset()));
            in.skipNBytes(current.length() - done);
        }
        position = size;
    }
}
