package io.atoll.daemon.image;

import io.atoll.api.MultipartReader;
import io.atoll.base.Fingerprint;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.http.NoSpace;
import io.atoll.daemon.http.Request;
import io.atoll.image.FingerprintDigest;
import io.atoll.image.ImageFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Receives what is posted to `/1.0/images`: one file as the body, two files as parts of a form, or
/// JSON that says where to get the image. Which of them it is shows only in the body: JSON is tried
/// first, whatever the Content-Type.
final class ImageUploads {
    /// A body that starts like JSON is kept in memory up to this size to see whether it is.
    private static final int JSON_MAX = 1 << 20;

    private static final int COPY_BYTES = 128 << 10;

    /// What came in.
    sealed interface Received {}

    /// JSON that names a source.
    record Reference(Json body) implements Received {}

    /// Files that are complete, with the fingerprint of their bytes.
    record Upload(ImageFile file, Fingerprint fingerprint, ImageOptions options)
            implements Received {
        /// The same files, said to be something else.
        Upload with(ImageOptions other) {
            return new Upload(file, fingerprint, other);
        }

        void discard() throws IOException {
            Files.deleteIfExists(file.metadata());
            if (file.rootfs().isPresent()) {
                Files.deleteIfExists(file.rootfs().get());
            }
        }
    }

    private final Images images;

    ImageUploads(Images images) {
        this.images = images;
    }

    /// Reads the body to its end.
    Received receive(Request request) throws IOException {
        String type = request.header("Content-Type").orElse("");
        if (type.startsWith("application/json")) {
            return new Reference(request.json());
        }
        try {
            return type.startsWith("multipart/")
                    ? receiveParts(request, type)
                    : receiveBody(request);
        } catch (IOException e) {
            NoSpace.check(e, images.folder());
            throw e;
        }
    }

    private Received receiveBody(Request request) throws IOException {
        InputStream in = request.stream();
        byte[] head = in.readNBytes(JSON_MAX);
        Optional<Json> json = tryJson(head, in);
        if (json.isPresent()) {
            return new Reference(json.get());
        }
        Path target = images.newUpload();
        try {
            FingerprintDigest digest = new FingerprintDigest();
            try (OutputStream out = digest.tee(Files.newOutputStream(target))) {
                out.write(head);
                in.transferTo(out);
            }
            return upload(request, ImageFile.unified(target), digest.finish());
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(target);
            throw e;
        }
    }

    private static Optional<Json> tryJson(byte[] head, InputStream rest) throws IOException {
        boolean isObject = head.length > 0 && head.length < JSON_MAX && head[0] == '{';
        if (!isObject || rest.available() > 0) {
            return Optional.empty();
        }
        try {
            return Optional.of(Json.parse(new String(head, StandardCharsets.UTF_8)));
        } catch (JsonException e) {
            // Then it is an upload that begins with a brace, and will be refused as no archive.
            return Optional.empty();
        }
    }

    private Received receiveParts(Request request, String type) throws IOException {
        List<Path> files = new ArrayList<>();
        try {
            FingerprintDigest digest = new FingerprintDigest();
            MultipartReader parts = new MultipartReader(request.stream(), type);
            for (String expected : List.of("metadata", "rootfs")) {
                String name = parts.next().orElse("");
                if (name.equals("rootfs.img")) {
                    throw new UnsupportedException(
                            "Images of virtual machines are not supported by this server");
                }
                if (!name.equals(expected)) {
                    throw new InvalidConfigException("Invalid multipart image");
                }
                Path target = images.newUpload();
                files.add(target);
                // The reader hands over small pieces: a delimiter may begin at every line break.
                OutputStream file = digest.tee(Files.newOutputStream(target));
                try (OutputStream out = new BufferedOutputStream(file, COPY_BYTES)) {
                    parts.copyTo(out);
                }
            }
            return upload(
                    request, ImageFile.split(files.getFirst(), files.getLast()), digest.finish());
        } catch (IOException | RuntimeException e) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            throw e;
        }
    }

    private static Upload upload(Request request, ImageFile file, Fingerprint fingerprint) {
        String wanted = request.header("X-LXD-fingerprint").orElse("");
        if (!wanted.isEmpty() && !wanted.equals(fingerprint.value())) {
            throw new InvalidConfigException(
                    "fingerprints don't match, got " + fingerprint + " expected " + wanted);
        }
        String flag = request.header("X-LXD-public").orElse("");
        return new Upload(
                file,
                fingerprint,
                new ImageOptions(
                        request.header("X-LXD-filename").orElse(""),
                        flag.equals("1") || flag.equals("true"),
                        false,
                        form(request.header("X-LXD-properties").orElse("")),
                        profiles(request.header("X-LXD-profiles").orElse("")),
                        Optional.empty(),
                        Map.of()));
    }

    /// Reads `profile=a&profile=b`, percent-encoded.
    static Optional<List<String>> profiles(String text) {
        List<String> out =
                Stream.of(text.split("&"))
                        .filter(pair -> pair.startsWith("profile="))
                        .map(pair -> decode(pair.substring("profile=".length())))
                        .toList();
        return out.isEmpty() ? Optional.empty() : Optional.of(out);
    }

    /// Reads `a=b&c=d`, percent-encoded.
    static Map<String, String> form(String text) {
        Map<String, String> out = new TreeMap<>();
        for (String pair : text.split("&")) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                out.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
            }
        }
        return out;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException("Bad escape in a header: " + text, e);
        }
    }
}
