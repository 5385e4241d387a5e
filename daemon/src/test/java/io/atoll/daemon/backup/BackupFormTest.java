package io.atoll.daemon.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.image.BackupPart;
import io.atoll.image.BackupReader;
import io.atoll.image.BackupWriter;
import io.atoll.image.Compression;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeRef;
import io.atoll.storage.VolumeStreams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BackupFormTest {
    private static final BackupForm FORM = new BackupForm("btrfs", true, true);

    @TempDir Path spool;

    /// Streams that say their own names.
    private static final class Streams implements VolumeStreams {
        final List<String> received = new ArrayList<>();

        @Override
        public boolean hasHeader() {
            return true;
        }

        @Override
        public Sending send(VolumeRef files, List<String> snapshots, Optional<String> backupYaml) {
            List<Part> parts = new ArrayList<>(snapshots.stream().map(Part::whole).toList());
            parts.add(Part.whole(""));
            parts.add(new Part("", "/rootfs/srv/a-b", "u", true));
            return new Sending() {
                @Override
                public List<Part> parts() {
                    return parts;
                }

                @Override
                public void write(Part part, OutputStream out) throws IOException {
                    out.write((part.snapshot() + part.path()).getBytes(StandardCharsets.UTF_8));
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void receive(
                VolumeName target,
                boolean isBlock,
                List<Part> parts,
                Source source,
                Idmap shifted) {
            for (Part part : parts) {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                try {
                    source.of(part).writeTo(out);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                received.add(out.toString(StandardCharsets.UTF_8));
            }
        }
    }

    private static StorageDriver pool(String driver, Optional<VolumeStreams> streams) {
        return (StorageDriver)
                Proxy.newProxyInstance(
                        StorageDriver.class.getClassLoader(),
                        new Class<?>[] {StorageDriver.class},
                        (_, method, _) ->
                                switch (method.getName()) {
                                    case "info" -> new StorageDriver.Info(driver, "1", false);
                                    case "streams" -> streams;
                                    default -> throw new AssertionError(method.getName());
                                });
    }

    private static BackupPart place(String snapshot) {
        return snapshot.isEmpty() ? BackupPart.INSTANCE : BackupPart.snapshot(snapshot);
    }

    private interface Content {
        void write(BackupWriter writer) throws IOException;
    }

    private static BackupReader archive(Content content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (BackupWriter writer = new BackupWriter(out, Compression.NONE, "name: c1\n")) {
            content.write(writer);
        }
        BackupReader reader = new BackupReader(new ByteArrayInputStream(out.toByteArray()));
        assertEquals("name: c1\n", reader.readIndex());
        return reader;
    }

    private static BackupForm.Target target(StorageDriver pool) {
        return new BackupForm.Target(
                pool, VolumeName.container("c1"), false, List.of("s0"), Idmap.NONE);
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Streams streams = new Streams();
        VolumeRef files = VolumeName.container("c1").current();
        BackupReader reader =
                archive(writer -> {
                    try (VolumeStreams.Sending sending =
                            streams.send(files, List.of("s0"), Optional.empty())) {
                        FORM.write(writer, sending, BackupFormTest::place, spool);
                    }
                });
        FORM.read(reader, target(pool("btrfs", Optional.of(streams))), BackupFormTest::place);
        assertEquals(List.of("s0/", "/", "/rootfs/srv/a-b"), streams.received);
        try (Stream<Path> left = Files.list(spool)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void anotherDriversFormIsRefused() throws IOException {
        for (StorageDriver pool :
                List.of(pool("zfs", Optional.of(new Streams())), pool("dir", Optional.empty()))) {
            InvalidConfigException refused =
                    assertThrows(
                            InvalidConfigException.class,
                            () -> FORM.read(archive(_ -> {}), target(pool), BackupFormTest::place));
            assertEquals(
                    "Optimized backup storage driver \"btrfs\" differs from the target storage pool"
                            + " driver \""
                            + pool.info().name()
                            + "\"",
                    refused.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "subvolumes: 7",
                "subvolumes: [{path: /, snapshot: ''}]",
                "subvolumes: [{path: /, snapshot: ''}, {path: /, snapshot: s0}]",
                "subvolumes: [{path: /, snapshot: s0}, {path: /, snapshot: ''}, {path: /, snapshot: ''}]",
                "subvolumes: [{path: /, snapshot: s0}, {path: /, snapshot: ''}]"
            })
    void streamsThatAreNotAsTheIndexSaysAreRefused(String header) throws IOException {
        BackupReader reader =
                archive(writer -> {
                    writer.putStreamHeader(header);
                    writer.putStream(BackupPart.INSTANCE, "/", spool, out -> out.write(1));
                });
        StorageDriver pool = pool("btrfs", Optional.of(new Streams()));
        InvalidConfigException refused =
                assertThrows(
                        InvalidConfigException.class,
                        () -> FORM.read(reader, target(pool), BackupFormTest::place));
        assertTrue(refused.getMessage().contains("ackup"), refused.getMessage());
    }
}
