package io.atoll.daemon.image;

import io.atoll.base.Fingerprint;
import io.atoll.base.json.Json;
import io.atoll.daemon.store.RecordKind;

/// A name for an image; may contain any character, `/` included.
public record ImageAlias(String name, String description, Fingerprint target) {
    public static final RecordKind<ImageAlias> KIND =
            RecordKind.of(
                    "image-alias",
                    a ->
                            Json.object()
                                    .put("name", a.name)
                                    .put("description", a.description)
                                    .put("target", a.target.value()),
                    j ->
                            new ImageAlias(
                                    j.get("name").asString(),
                                    j.get("description").asString(),
                                    new Fingerprint(j.get("target").asString())));
}
