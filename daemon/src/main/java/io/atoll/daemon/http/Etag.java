package io.atoll.daemon.http;

import io.atoll.base.PreconditionFailedException;
import io.atoll.base.json.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// A resource's entity tag: SHA-256 of the JSON list of its changeable fields. Opaque to clients,
/// which send it back in `If-Match`.
public record Etag(String hash) {
    /// The tag of these fields, in this order.
    public static Etag of(Json... fields) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            String text = Json.array(List.of(fields)).render();
            return new Etag(
                    HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8))));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Refuses the request if it carries another tag in `If-Match`; without one every state is
    /// welcome.
    ///
    /// @throws PreconditionFailedException with LXD's words
    public void check(Request request) {
        String given = request.header("If-Match").orElse("");
        String bare =
                given.length() > 1 && given.startsWith("\"") && given.endsWith("\"")
                        ? given.substring(1, given.length() - 1)
                        : given;
        if (!bare.isEmpty() && !bare.equals("*") && !bare.equals(hash)) {
            throw new PreconditionFailedException("ETag doesn't match: " + hash + " vs " + bare);
        }
    }
}
