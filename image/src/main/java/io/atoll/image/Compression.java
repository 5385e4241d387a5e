package io.atoll.image;

import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.XZInputStream;
import org.tukaani.xz.XZOutputStream;

/// What a file is packed with, told by its first bytes and never by its name.
public enum Compression implements Packing {
    /// A plain tar archive.
    NONE(".tar"),
    GZIP(".tar.gz"),
    BZIP2(".tar.bz2"),
    XZ(".tar.xz"),
    LZMA(".tar.lzma"),
    ZSTD(".tar.zst"),
    /// A squashfs file system; no archive, so it has no stream.
    SQUASHFS(".squashfs");

    /// How many bytes [#detect(byte\[\])] wants to see: the magic of a tar header ends at 262.
    public static final int HEAD_BYTES = 512;

    /// The most memory that an xz or lzma stream may ask for; `xz -9` asks for 65 MiB, and the
    /// daemon has 128.
    private static final int DECODER_KIB_MAX = 80 * 1024;

    private static final int TAR_MAGIC_OFFSET = 257;

    private final String extension;

    Compression(String extension) {
        this.extension = extension;
    }

    /// The file name extension that goes with it, `.tar.xz`.
    public String extension() {
        return extension;
    }

    /// @param head the first [#HEAD_BYTES] of the file, or all of it if it is shorter
    /// @throws InvalidConfigException with LXD's words if it is nothing known
    public static Compression detect(byte[] head) {
        if (starts(head, 0, 'B', 'Z', 'h')) {
            return BZIP2;
        }
        if (starts(head, 0, 0x1f, 0x8b)) {
            return GZIP;
        }
        if (starts(head, 0, 0xfd, '7', 'z', 'X', 'Z', 0)) {
            return XZ;
        }
        if (starts(head, 0, 0x28, 0xb5, 0x2f, 0xfd)) {
            return ZSTD;
        }
        if (starts(head, 0, 'h', 's', 'q', 's')) {
            return SQUASHFS;
        }
        if (starts(head, TAR_MAGIC_OFFSET, 'u', 's', 't', 'a', 'r')) {
            return NONE;
        }
        // The old lzma format has no magic: a byte of properties (0x5d by default) and a 32-bit
        // dictionary size.
        if (starts(head, 0, 0x5d, 0, 0)) {
            return LZMA;
        }
        throw new InvalidConfigException("Unsupported compression");
    }

    private static boolean starts(byte[] head, int offset, int... magic) {
        if (head.length < offset + magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((head[offset + i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    /// Peeks into a stream and returns it unpacked.
    ///
    /// @throws InvalidConfigException if its compression is not known, or it is a squashfs
    public static InputStream unpacked(InputStream packed) throws IOException {
        BufferedInputStream in = new BufferedInputStream(packed, 1 << 16);
        in.mark(HEAD_BYTES);
        byte[] head = in.readNBytes(HEAD_BYTES);
        in.reset();
        return detect(head).decompress(in);
    }

    /// The stream of the packed bytes `in`; closing it closes `in`.
    public InputStream decompress(InputStream in) throws IOException {
        return switch (this) {
            case NONE -> in;
            case GZIP -> new GZIPInputStream(in, 1 << 16);
            case BZIP2 -> new BZip2CompressorInputStream(in, true);
            case XZ -> new XZInputStream(in, DECODER_KIB_MAX);
            case LZMA -> new LZMAInputStream(in, DECODER_KIB_MAX);
            case ZSTD -> new ZstdInputStream(in);
            case SQUASHFS ->
                    throw new InvalidConfigException(
                            "A squashfs file is no archive; of the two files of an image the metadata comes first");
        };
    }

    @Override
    public Compression compression() {
        return this;
    }

    @Override
    public OutputStream compress(OutputStream out) throws IOException {
        return switch (this) {
            case NONE -> out;
            case GZIP -> new GZIPOutputStream(out, 1 << 16);
            case BZIP2 -> new BZip2CompressorOutputStream(out);
            case XZ -> new XZOutputStream(out, new LZMA2Options());
            case LZMA -> new LZMAOutputStream(out, new LZMA2Options(), -1);
            case ZSTD -> new ZstdOutputStream(out);
            case SQUASHFS ->
                    throw new UnsupportedException("A squashfs file is not written as a stream");
        };
    }

    /// As [#compress(OutputStream)], at a level that the compression has.
    OutputStream compress(OutputStream out, int level) throws IOException {
        return switch (this) {
            case GZIP -> new LeveledGzip(out, level);
            case BZIP2 -> new BZip2CompressorOutputStream(out, level);
            case XZ -> new XZOutputStream(out, new LZMA2Options(level));
            case LZMA -> new LZMAOutputStream(out, new LZMA2Options(level), -1);
            case ZSTD -> new ZstdOutputStream(out, level);
            case NONE, SQUASHFS -> compress(out);
        };
    }

    private static final class LeveledGzip extends GZIPOutputStream {
        LeveledGzip(OutputStream out, int level) throws IOException {
            super(out, 1 << 16);
            def.setLevel(level);
        }
    }
}
