package io.atoll.image;

import io.atoll.base.Fingerprint;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Computes an image's fingerprint while its bytes pass: SHA-256 of the file, or of metadata and
/// rootfs one after the other for a split image. Not thread-safe.
public final class FingerprintDigest {
    private final MessageDigest digest;
    private long size;

    public FingerprintDigest() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /// Counts bytes that went elsewhere.
    public void update(byte[] bytes, int offset, int length) {
        digest.update(bytes, offset, length);
        size += length;
    }

    /// A stream that passes everything on to `out` and counts it here; closing it closes `out`. For
    /// a split image the metadata must be written through one such stream before the rootfs is
    /// written through another.
    public OutputStream tee(OutputStream out) {
        return new FilterOutputStream(out) {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
                update(bytes, offset, length);
            }
        };
    }

    /// How many bytes passed.
    public long size() {
        return size;
    }

    /// The fingerprint of all that passed; afterwards this object starts over.
    public Fingerprint finish() {
        size = 0;
        return new Fingerprint(HexFormat.of().formatHex(digest.digest()));
    }
}
