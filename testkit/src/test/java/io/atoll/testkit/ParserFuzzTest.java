package io.atoll.testkit;

import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.image.Compression;
import io.atoll.image.ImageFile;
import io.atoll.image.ImageMetadata;
import io.atoll.image.TemplateRenderer;
import io.atoll.image.remote.StreamsImages;
import io.atoll.image.remote.StreamsList;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What strangers send is read or refused in words, whatever it is.
class ParserFuzzTest {
    private static final URI BASE = URI.create("https://example.org/images/");
    private static final String NUMBERS = "99999999999999999999";

    @TempDir Path folder;

    private byte[] tar(String... options) throws IOException {
        Path tree = folder.resolve("tree");
        if (!Files.exists(tree)) {
            Files.createDirectories(tree.resolve("rootfs/" + "d".repeat(120)));
            Files.writeString(
                    tree.resolve("metadata.yaml"), "architecture: x86_64\ncreation_date: 1\n");
            Files.createSymbolicLink(tree.resolve("rootfs/link"), Path.of("x".repeat(150)));
            Files.writeString(tree.resolve("rootfs/file"), "text");
            Files.createLink(tree.resolve("rootfs/same"), tree.resolve("rootfs/file"));
            run("truncate", "--size=300K", tree.resolve("rootfs/sparse").toString());
            Files.writeString(tree.resolve("rootfs/sparse2"), "x");
            run("truncate", "--size=100K", tree.resolve("rootfs/sparse2").toString());
        }
        List<String> argv = new java.util.ArrayList<>(List.of("tar", "-C", tree.toString()));
        argv.addAll(List.of(options));
        argv.addAll(List.of("-c", "metadata.yaml", "rootfs"));
        return Commands.run(Command.of(argv)).output();
    }

    private static void run(String... argv) {
        Commands.Result _ = Commands.run(Command.of(argv));
    }

    /// Changed bytes must not all end at the checksum, so it is made right again.
    private static byte[] withChecksums(byte[] tar) {
        for (int at = 0; at + 512 <= tar.length; at += 512) {
            boolean isHeader = tar[at + 257] == 'u' && tar[at + 258] == 's';
            if (isHeader) {
                long sum = 8L * ' ';
                for (int i = 0; i < 512; i++) {
                    sum += i >= 148 && i < 156 ? 0 : tar[at + i] & 0xff;
                }
                byte[] text =
                        String.format("%06o", sum)
                                .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
                System.arraycopy(text, 0, tar, at + 148, 6);
                tar[at + 154] = 0;
                tar[at + 155] = ' ';
            }
        }
        return tar;
    }

    @Test
    void tarMembers() throws IOException {
        Path file = folder.resolve("fuzzed.tar");
        Fuzz.of(
                        List.of(
                                tar("--format=gnu", "-S"),
                                tar("--format=pax", "-S"),
                                tar("--format=v7", "--exclude=d*", "--exclude=link")))
                .with("../../etc/passwd", "/", "\0", "mtime=1e99", "7777777777777", "\u0080\u00ff")
                .run(input -> {
                    Files.write(file, withChecksums(input.clone()));
                    ImageFile image = ImageFile.unified(file);
                    try {
                        ImageMetadata _ = image.readMetadata();
                        image.streamRootfs(new Bounded());
                    } catch (DomainException | IOException _) {
                        // Refused.
                    }
                });
    }

    /// A member may be long, but not longer than what a test has time for.
    private static final class Bounded extends OutputStream {
        private long left = 1 << 26;

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
        }
    }

    @Test
    void compressedStreams() throws IOException {
        byte[] plain = tar("--format=gnu");
        List<byte[]> packed = new java.util.ArrayList<>();
        for (Compression kind :
                List.of(Compression.GZIP, Compression.XZ, Compression.ZSTD, Compression.BZIP2)) {
            var bytes = new java.io.ByteArrayOutputStream();
            try (OutputStream out = kind.compress(bytes)) {
                out.write(plain);
            }
            packed.add(bytes.toByteArray());
        }
        Fuzz.of(packed)
                .run(input -> {
                    try (InputStream in = Compression.unpacked(new ByteArrayInputStream(input))) {
                        long _ = in.transferTo(new Bounded());
                    } catch (DomainException | IOException _) {
                        // Refused.
                    }
                });
    }

    @Test
    void metadata() {
        Fuzz.ofTexts(
                        "architecture: x86_64\ncreation_date: 1700000000\nproperties:\n  os: Debian\n"
                                + "templates:\n  /etc/hostname:\n    when: [create, copy]\n"
                                + "    template: hostname.tpl\n    properties: {a: b}\n",
                        "{\"architecture\": \"aarch64\", \"creation_date\": 1, \"expiry_date\": 2}")
                .with(
                        ": ",
                        "- ",
                        "\n",
                        "[",
                        "{",
                        "&a ",
                        "*a",
                        "!!java.io.File ",
                        "|",
                        NUMBERS,
                        ".inf")
                .runTexts(text -> {
                    try {
                        String _ = ImageMetadata.parse(text).render();
                    } catch (DomainException _) {
                        // Refused.
                    }
                });
    }

    @Test
    void productLists() {
        Fuzz.ofTexts(
                        "{\"products\": {\"debian:12:amd64:default\": {\"arch\": \"amd64\", \"aliases\":"
                                + " \"debian/12,bookworm\", \"os\": \"Debian\", \"release\": \"12\","
                                + " \"versions\": {\"20250101_00:00\": {\"items\": {\"lxd.tar.xz\":"
                                + " {\"ftype\": \"lxd.tar.xz\", \"path\": \"images/a/lxd.tar.xz\","
                                + " \"sha256\": \""
                                + "ab".repeat(32)
                                + "\", \"size\": 600, \"combined_squashfs_sha256\": \""
                                + "cd".repeat(32)
                                + "\"}, \"root.squashfs\": {\"ftype\": \"squashfs\", \"path\":"
                                + " \"images/a/rootfs.squashfs\", \"sha256\": \""
                                + "ef".repeat(32)
                                + "\", \"size\": 9000}}}}}}}")
                .with(
                        "\"", "{", "}", "[", "null", "-1", NUMBERS, "../", "//evil/", "%2e%2e/",
                        "\\u0000")
                .runTexts(text -> {
                    try {
                        for (var image : StreamsImages.of(StreamsList.parse(BASE, text))) {
                            for (var part : image.files()) {
                                if (!part.uri().toString().startsWith(BASE.toString())) {
                                    throw new AssertionError("leads elsewhere: " + part.uri());
                                }
                            }
                        }
                    } catch (DomainException _) {
                        // Refused.
                    }
                });
    }

    @Test
    void bodies() {
        Fuzz.ofTexts(
                        "{\"name\": \"c1\", \"config\": {\"limits.memory\": \"1GiB\"}, \"devices\":"
                                + " {\"root\": {\"path\": \"/\"}}, \"ephemeral\": true, \"n\": [1, -2.5e3]}",
                        "[\"\\u00e9\\ud83d\\ude00\\n\", null, false]")
                .with("\"", "{", "[", "\\u", "\\ud800", "1e9999", NUMBERS, "-", "\u0000")
                .runTexts(text -> {
                    try {
                        Json parsed = Json.parse(text);
                        String rendered = parsed.render();
                        if (!Json.parse(rendered).render().equals(rendered)) {
                            throw new AssertionError("changes when written: " + text);
                        }
                        read(parsed);
                    } catch (JsonException _) {
                        // Refused.
                    }
                });
    }

    /// As handlers do: whatever is there may be of another kind.
    private static void read(Json body) {
        String _ = body.get("name").asString();
        Json config = body.get("config").get("limits.memory");
        String _ = config.asString();
        int _ = body.get("n").asList().size();
        for (Json item : body.get("n").asList()) {
            long _ = item.asLong();
        }
    }

    @Test
    void templates() {
        Fuzz.ofTexts(
                        "{{ creation_date|date:'2006-01-02_15-04-05' }}",
                        "snap-{% if creation_date %}{{ creation_date }}{% endif %}%d")
                .with(
                        "{{",
                        "}}",
                        "{%",
                        "%}",
                        "|",
                        "for x in y",
                        "include \"/etc/passwd\"",
                        "1..9999999")
                .runTexts(text -> {
                    try {
                        String _ =
                                TemplateRenderer.renderPattern(
                                        text,
                                        Map.of(
                                                "creation_date",
                                                ZonedDateTime.parse("2025-01-02T03:04:05Z")));
                    } catch (DomainException _) {
                        // Refused.
                    }
                });
    }
}
