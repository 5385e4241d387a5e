package io.atoll.daemon.image;

import io.atoll.api.ApiPath;
import io.atoll.base.Fingerprint;
import io.atoll.base.ProjectName;
import io.atoll.base.json.Json;
import io.atoll.daemon.event.Events;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.OperationStatus;
import io.atoll.daemon.operation.Operations;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// Secrets by which somebody whom nobody vouches for gets one image, or sends one. Each is an
/// operation that runs nothing; whoever uses it completes it, and so is the only one.
final class ImageTokens {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SECRET_BYTES = 32;

    /// Only tokens for uploads have it: what the image's properties will be.
    private static final String PROPERTIES = "properties";

    private final Operations operations;
    private final Events events;

    ImageTokens(Operations operations, Events events) {
        this.operations = operations;
        this.events = events;
    }

    /// For somebody who fetches an image.
    Operation startDownload(ProjectName project, Fingerprint fingerprint) {
        return start(project, fingerprint, Json.object());
    }

    /// For somebody who sends an image.
    ///
    /// @param image what it will be like, as in a request that makes an image
    Operation startUpload(ProjectName project, Fingerprint fingerprint, Json image) {
        Json.Obj metadata =
                Json.object()
                        .put("aliases", image.get("aliases"))
                        .put("expires_at", image.get("expires_at"))
                        .put(PROPERTIES, Json.object())
                        .put("public", image.get("public").asBoolean());
        if (!image.get(PROPERTIES).isNull()) {
            metadata.put(PROPERTIES, image.get(PROPERTIES));
        }
        return start(project, fingerprint, metadata);
    }

    private Operation start(ProjectName project, Fingerprint fingerprint, Json.Obj metadata) {
        byte[] secret = new byte[SECRET_BYTES];
        RANDOM.nextBytes(secret);
        OperationSpec spec =
                OperationSpec.token(
                                "Image download token",
                                project,
                                metadata.put("secret", HexFormat.of().formatHex(secret)))
                        .resource("images", url(fingerprint.value()));
        events.publishLifecycle(
                Lifecycle.of("image-secret-created", url(fingerprint.value()), project));
        return operations.startToken(spec);
    }

    private static String url(String fingerprint) {
        return ApiPath.of("images", fingerprint);
    }

    /// A token that is not used up yet.
    Optional<Operation> findDownload(Fingerprint fingerprint, String secret) {
        return find(fingerprint.value(), secret).filter(o -> !isUpload(o));
    }

    /// A token that is not used up yet, for sending this very image to this project.
    Optional<Operation> findUpload(ProjectName project, String fingerprint, String secret) {
        return find(fingerprint, secret)
                .filter(ImageTokens::isUpload)
                .filter(o -> o.spec().project().equals(project));
    }

    private static boolean isUpload(Operation token) {
        return !token.spec().metadata().get(PROPERTIES).isNull();
    }

    private Optional<Operation> find(String fingerprint, String secret) {
        if (fingerprint.isEmpty() || secret.isEmpty()) {
            return Optional.empty();
        }
        List<String> about = List.of(url(fingerprint));
        return operations.list().stream()
                .filter(o -> o.status() == OperationStatus.RUNNING)
                .filter(o -> about.equals(o.spec().resources().get("images")))
                .filter(o -> knows(o, secret))
                .findFirst();
    }

    private static boolean knows(Operation token, String secret) {
        String real = token.spec().metadata().get("secret").asString();
        return MessageDigest.isEqual(
                real.getBytes(StandardCharsets.UTF_8), secret.getBytes(StandardCharsets.UTF_8));
    }
}
