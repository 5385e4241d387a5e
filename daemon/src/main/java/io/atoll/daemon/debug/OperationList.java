package io.atoll.daemon.debug;

import io.atoll.base.json.Json;
import io.atoll.daemon.operation.Operation;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/// What is being done, for how long. Without the operations' metadata, in which there are tokens
/// and the secrets of websockets.
record OperationList(Supplier<List<Operation>> operations) implements DebugPage {
    @Override
    public String name() {
        return "operations";
    }

    @Override
    public String about() {
        return "Operations, the oldest first";
    }

    @Override
    public Content show(Function<String, Optional<String>> query) {
        Instant now = Instant.now();
        Json.Arr out = Json.array();
        operations.get().stream()
                .sorted(Comparator.comparing(Operation::createdAt))
                .forEach(one -> out.items().add(line(one, now)));
        return new Content.Text("application/json", out.render() + "\n");
    }

    private static Json line(Operation one, Instant now) {
        return Json.object()
                .put("id", one.id())
                .put("class", one.spec().kind().text())
                .put("description", one.spec().description())
                .put("status", one.status().code().text())
                .put("created_at", one.createdAt().toString())
                .put("age_seconds", Duration.between(one.createdAt(), now).toSeconds());
    }
}
