package io.atoll.image;

import io.atoll.base.DomainException;
import io.atoll.base.Idmap;
import io.atoll.fuzz.Sandbox;
import io.atoll.linux.ErrnoException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Archives of images, backups and layers.
public final class ArchiveTargets {
    /// A member may be longer than what there is time for.
    private static final long BYTES_MAX = 1 << 24;

    private static final boolean IS_ROOT = System.getProperty("user.name").equals("root");

    private ArchiveTargets() {}

    /// Changed bytes must not all end at the checksum, so it is made right again.
    private static byte[] withChecksums(byte[] tar) {
        for (int at = 0; at + 512 <= tar.length; at += 512) {
            if (tar[at + 257] == 'u' && tar[at + 258] == 's') {
                long sum = 8L * ' ';
                for (int i = 0; i < 512; i++) {
                    sum += i >= 148 && i < 156 ? 0 : tar[at + i] & 0xff;
                }
                byte[] text =
                        String.format(Locale.ROOT, "%06o", sum).getBytes(StandardCharsets.US_ASCII);
                System.arraycopy(text, 0, tar, at + 148, 6);
                tar[at + 154] = 0;
                tar[at + 155] = ' ';
            }
        }
        return tar;
    }

    private static final class Bounded extends OutputStream {
        private final OutputStream out;
        private long left = BYTES_MAX;

        Bounded(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            left -= length;
            if (left < 0) {
                throw new IOException("enough");
            }
            out.write(bytes, offset, length);
        }
    }

    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
    }

    private static void quietly(Reading reading) {
        try {
            reading.run();
        } catch (DomainException | IOException _) {
            // Refused.
        } catch (ErrnoException e) {
            // Only root may give files to others.
            if (IS_ROOT) {
                throw e;
            }
        }
    }

    /// The members of an image, read and passed on: those below its root have names below it.
    public static void tar(byte[] input) throws IOException {
        byte[] tar = withChecksums(input.clone());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarWriter writer = new TarWriter(new Bounded(out))) {
            long _ = ImageArchives.readTar(new ByteArrayInputStream(tar), "rootfs", writer::put);
        }
        try (TarReader reader = new TarReader(new ByteArrayInputStream(out.toByteArray()))) {
            for (var next = reader.next(); next.isPresent(); next = reader.next()) {
                String name = next.get().name();
                if (name.startsWith("/") || List.of(name.split("/")).contains("..")) {
                    throw new AssertionError("passes on " + name);
                }
            }
        } catch (DomainException e) {
            throw new AssertionError("passes on what cannot be read", e);
        }
    }

    /// An image, unpacked: nothing else is reached.
    public static void archive(byte[] input) throws IOException {
        byte[] tar = withChecksums(input.clone());
        long bytes = unpackedBytes(tar);
        try (Sandbox sandbox = Sandbox.open()) {
            Path file = sandbox.inside().resolve("image");
            Files.write(file, tar);
            ImageFile image = ImageFile.unified(file);
            quietly(() -> {
                ImageMetadata _ = image.readMetadata();
            });
            Path metadata = Files.createDirectory(sandbox.inside().resolve("m"));
            quietly(() -> image.unpackMetadata(metadata));
            if (bytes <= BYTES_MAX) {
                Path rootfs = Files.createDirectory(sandbox.inside().resolve("r"));
                quietly(() -> image.unpackRootfs(rootfs));
            }
            sandbox.requireUntouched();
        }
    }

    /// What all members take; sparse ones are larger than what they are made of.
    private static long unpackedBytes(byte[] archive) throws IOException {
        long bytes = 0;
        try (TarReader tar =
                new TarReader(Compression.unpacked(new ByteArrayInputStream(archive)))) {
            for (var next = tar.next(); next.isPresent() && bytes <= BYTES_MAX; next = tar.next()) {
                bytes += next.get().size();
            }
        }
        return bytes;
    }

    /// A backup of an instance.
    public static void backup(byte[] input) throws IOException {
        byte[] tar = withChecksums(input.clone());
        try (Sandbox sandbox = Sandbox.open();
                BackupReader reader = new BackupReader(new ByteArrayInputStream(tar))) {
            String _ = reader.readIndex();
            Path rootfs = Files.createDirectory(sandbox.inside().resolve("r"));
            Path directory = Files.createDirectory(sandbox.inside().resolve("d"));
            quietly(() -> reader.unpack(BackupPart.snapshot("s0"), directory, rootfs, Idmap.NONE));
            quietly(() -> {
                String _ = reader.readStreamHeader();
            });
            quietly(() ->
                    reader.copyStream(
                            BackupPart.INSTANCE,
                            "/",
                            new Bounded(OutputStream.nullOutputStream())));
            long _ = reader.diskBytes(BackupPart.VOLUME);
            sandbox.requireUntouched();
        }
    }

    public static void compression(byte[] input) throws IOException {
        try (InputStream in = Compression.unpacked(new ByteArrayInputStream(input))) {
            long _ = in.transferTo(new Bounded(OutputStream.nullOutputStream()));
        }
    }

    /// Layers of an OCI image: the input, on top of itself.
    public static void layer(byte[] input) throws IOException {
        Path file = Files.createTempFile("atoll-fuzz", ".layer");
        try {
            Files.write(file, withChecksums(input.clone()));
            OciLayers layers = OciLayers.of(List.of(file, file));
            Optional<String> _ = layers.read("etc/passwd");
            boolean _ = layers.has("bin/sh");
            layers.write(new Bounded(OutputStream.nullOutputStream()));
        } finally {
            Files.delete(file);
        }
    }
}
