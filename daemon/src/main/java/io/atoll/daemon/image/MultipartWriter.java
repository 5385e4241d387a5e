package io.atoll.daemon.image;

import io.atoll.daemon.http.Response;
import java.io.IOException;
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

    Response response() throws IOException {
        byte[] end = ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8);
        long length = end.length;
        for (Part part : parts) {
            length += part.bytes().length + Files.size(part.file);
        }
        return Response.stream(
                "multipart/form-data; boundary=" + boundary,
                length,
                out -> {
                    for (Part part : parts) {
                        out.write(part.bytes());
                        Files.copy(part.file, out);
                    }
                    out.write(end);
                });
    }
}
