package io.atoll.daemon.image;

import io.atoll.daemon.http.Response;
import io.atoll.image.Compression;
import io.atoll.image.ImageFile;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// Sends files as the parts of a `multipart/form-data` body (RFC 7578).
final class MultipartWriter {
    private record Part(String head, Path file) {
        private byte[] bytes() {
            return head.getBytes(StandardCharsets.UTF_8);
        }
    }

    private final String boundary = UUID.randomUUID().toString().replace("-", "");
    private final List<Part> parts = new ArrayList<>();

    /// The two files of an image.
    static MultipartWriter of(Image image, ImageFile file) throws IOException {
        String name = image.fingerprint().value();
        return new MultipartWriter()
                .part("metadata", "meta-" + name + image.extension(), file.metadata())
                .part("rootfs", name + rootfsExtension(file), file.rootfs().orElseThrow());
    }

    private static String rootfsExtension(ImageFile file) throws IOException {
        return file.squashfs().isPresent()
                ? Compression.SQUASHFS.extension()
                : ImageFile.unified(file.rootfs().orElseThrow()).compression().extension();
    }

    MultipartWriter part(String name, String filename, Path file) {
        String head =
                (parts.isEmpty() ? "" : "\r\n")
                        + "--"
                        + boundary
                        + "\r\nContent-Disposition: form-data; name=\""
                        + name
                        + "\"; filename=\""
                        + filename
                        + "\"\r\nContent-Type: application/octet-stream\r\n\r\n";
        parts.add(new Part(head, file));
        return this;
    }

    /// What the body is, for the header.
    String contentType() {
        return "multipart/form-data; boundary=" + boundary;
    }

    private byte[] end() {
        return ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8);
    }

    Response response() throws IOException {
        long length = end().length;
        for (Part part : parts) {
            length += part.bytes().length + Files.size(part.file);
        }
        return Response.stream(
                contentType(),
                length,
                out -> {
                    for (Part part : parts) {
                        out.write(part.bytes());
                        Files.copy(part.file, out);
                    }
                    out.write(end());
                });
    }

    /// The body of a request to another server.
    HttpRequest.BodyPublisher publisher() throws IOException {
        List<HttpRequest.BodyPublisher> pieces = new ArrayList<>();
        for (Part part : parts) {
            pieces.add(HttpRequest.BodyPublishers.ofByteArray(part.bytes()));
            pieces.add(HttpRequest.BodyPublishers.ofFile(part.file));
        }
        pieces.add(HttpRequest.BodyPublishers.ofByteArray(end()));
        return HttpRequest.BodyPublishers.concat(pieces.toArray(HttpRequest.BodyPublisher[]::new));
    }
}
