package io.atoll.daemon.trust;

import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationClass;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.OperationStatus;
import io.atoll.daemon.operation.Operations;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// One-time tokens that let a client put its certificate on the list. A token is an operation: it
/// is shown once, lives until it is used, revoked or expired, and does not survive the daemon.
final class TrustTokens {
    private static final int SECRET_BYTES = 32;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Operations operations;

    TrustTokens(Operations operations) {
        this.operations = operations;
    }

    /// Makes a token.
    ///
    /// @param request what the certificate will be listed as, in the API's words
    /// @param fingerprint of the server, which the client checks
    Operation make(Json request, String fingerprint, List<String> addresses, Expiry life) {
        byte[] secret = new byte[SECRET_BYTES];
        RANDOM.nextBytes(secret);
        Json.Obj metadata =
                Json.object()
                        .put("addresses", addresses)
                        .put("fingerprint", fingerprint)
                        .put("request", request)
                        .put("secret", HexFormat.of().formatHex(secret));
        if (!life.isNever()) {
            metadata.put(
                    "expiresAt",
                    life.after(OffsetDateTime.now(ZoneOffset.UTC)).toInstant().toString());
        }
        return operations.startToken(
                OperationSpec.token("Executing operation", ProjectName.DEFAULT, metadata));
    }

    /// Takes a token: at most one caller gets it, and it is gone then.
    ///
    /// @param presented the token as the client holds it: JSON in base64
    /// @return what its maker wanted the certificate listed as; empty if it is no token of ours, or
    ///   one that was used or has expired
    Optional<Json> redeem(String presented) {
        Optional<Json> token = decode(presented);
        if (token.isEmpty()) {
            return Optional.empty();
        }
        byte[] secret = token.get().get("secret").asString().getBytes(StandardCharsets.UTF_8);
        for (Operation operation : operations.list()) {
            if (isOpenToken(operation)) {
                Json metadata = operation.json().get("metadata");
                byte[] expected =
                        metadata.get("secret").asString().getBytes(StandardCharsets.UTF_8);
                if (MessageDigest.isEqual(secret, expected)) {
                    return take(operation, metadata);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Json> take(Operation operation, Json metadata) {
        if (hasExpired(metadata)) {
            operation.cancel();
            return Optional.empty();
        }
        return operation.complete() ? Optional.of(metadata.get("request")) : Optional.empty();
    }

    private static boolean isOpenToken(Operation operation) {
        return operation.spec().kind() == OperationClass.TOKEN
                && operation.status() == OperationStatus.RUNNING
                && !operation.spec().metadata().get("request").isNull();
    }

    private static boolean hasExpired(Json metadata) {
        String end = metadata.get("expiresAt").asString();
        return !end.isEmpty() && Instant.parse(end).isBefore(Instant.now());
    }

    private static Optional<Json> decode(String presented) {
        try {
            byte[] text = Base64.getDecoder().decode(presented);
            Json json = Json.parse(new String(text, StandardCharsets.UTF_8));
            boolean isToken =
                    json instanceof Json.Obj && json.get("secret").asString().length() > 0;
            return isToken ? Optional.of(json) : Optional.empty();
        } catch (IllegalArgumentException | JsonException e) {
            return Optional.empty();
        }
    }
}
