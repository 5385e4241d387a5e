package io.atoll.daemon.operation;

import io.atoll.api.ApiPath;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.http.Response;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// A piece of work that outlives the request that started it. Thread-safe.
///
/// State machine: created `PENDING`; [#begin()] moves to `RUNNING`; [#cancel()] to `CANCELLING`;
/// [#finish(OperationStatus, String)] to a final state. Every change goes through
/// [#moveTo(OperationStatus, String)], which checks [OperationStatus#next()]. Observers are told
/// after the lock is released.
public final class Operation {
    /// Written by [#moveTo] and [#update] only; never held over a call that leaves this class.
    private final ReentrantLock lock = new ReentrantLock();

    private final String id = UUID.randomUUID().toString();
    private final Instant createdAt = Instant.now();
    private final OperationSpec spec;
    private final Consumer<Operation> changed;
    private final CountDownLatch done = new CountDownLatch(1);
    private final CountDownLatch wasCancelled = new CountDownLatch(1);
    private final Map<String, Json> metadata = new LinkedHashMap<>();
    private Instant updatedAt = createdAt;
    private OperationStatus status = OperationStatus.PENDING;
    private boolean isCommitted;
    private String error = "";

    Operation(OperationSpec spec, Consumer<Operation> changed) {
        this.spec = spec;
        this.changed = changed;
        metadata.putAll(spec.metadata().asMap());
    }

    public String id() {
        return id;
    }

    public String url() {
        return ApiPath.of("operations", id);
    }

    public Instant createdAt() {
        return createdAt;
    }

    public OperationSpec spec() {
        return spec;
    }

    public OperationStatus status() {
        lock.lock();
        try {
            return status;
        } finally {
            lock.unlock();
        }
    }

    /// Why the operation failed; empty unless it did.
    public String error() {
        lock.lock();
        try {
            return error;
        } finally {
            lock.unlock();
        }
    }

    /// Sets one member of the metadata and tells the listeners.
    public void update(String name, Json value) {
        update(Map.of(name, value));
    }

    /// Sets members of the metadata and tells the listeners once.
    public void update(Map<String, Json> members) {
        lock.lock();
        try {
            if (status.isFinal()) {
                return;
            }
            metadata.putAll(members);
            updatedAt = Instant.now();
        } finally {
            lock.unlock();
        }
        changed.accept(this);
    }

    /// Shows progress the way LXD's clients print it: a text under `STAGE_progress` and the numbers
    /// under `progress`.
    ///
    /// @param stage such as `create_instance_from_image_unpack`; `text` such as `Unpack: 40%
    ///   (11.18MB/s)`
    public void progress(
            String stage, String text, int percent, long processedBytes, long bytesPerSecond) {
        Json.Obj numbers =
                Json.object()
                        .put("stage", stage)
                        .put("percent", Integer.toString(percent))
                        .put("speed", Long.toString(bytesPerSecond))
                        .put("processed", Long.toString(processedBytes));
        update(Map.of(stage + "_progress", Json.string(text), "progress", numbers));
    }

    /// Waits until the operation is final.
    ///
    /// @return false if the time ran out first
    public boolean await(Duration timeout) throws InterruptedException {
        return done.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// A client wants it to end.
    ///
    /// @throws InvalidConfigException if it does not run or has no cancel hook; LXD's words
    public void cancel() {
        Optional<Runnable> hook = spec.cancel();
        if (status() != OperationStatus.RUNNING) {
            throw new InvalidConfigException("Only running operations can be cancelled");
        }
        if (hook.isEmpty() || !mayCancel()) {
            throw new InvalidConfigException("This operation can't be cancelled");
        }
        if (!moveTo(OperationStatus.CANCELLING, "")) {
            throw new InvalidConfigException("Only running operations can be cancelled");
        }
        try {
            hook.get().run();
        } finally {
            wasCancelled.countDown();
        }
        if (spec.kind() == OperationClass.TOKEN) {
            finish(OperationStatus.CANCELLED, "");
        }
    }

    private boolean mayCancel() {
        lock.lock();
        try {
            return spec.cancel().isPresent() && !isCommitted;
        } finally {
            lock.unlock();
        }
    }

    /// From now on it cannot be cancelled: what can be given up, as a download, is over. For the
    /// operation's own thread, which the hook may interrupt until then and not afterwards.
    ///
    /// @return false if it was cancelled before
    public boolean commit() {
        lock.lock();
        try {
            isCommitted = true;
            if (status != OperationStatus.CANCELLING) {
                return true;
            }
        } finally {
            lock.unlock();
        }
        while (true) {
            try {
                wasCancelled.await();
                boolean _ = Thread.interrupted();
                return false;
            } catch (InterruptedException _) {
                // That was the hook.
            }
        }
    }

    /// Ends a token that was used, with success.
    ///
    /// @return false if it had ended already: somebody else was first
    public boolean complete() {
        return finish(OperationStatus.SUCCESS, "");
    }

    void begin() {
        moveTo(OperationStatus.RUNNING, "");
    }

    /// @return whether this call ended it
    boolean finish(OperationStatus end, String why) {
        OperationStatus real =
                status() == OperationStatus.CANCELLING ? OperationStatus.CANCELLED : end;
        boolean isEnd = moveTo(real, why);
        if (isEnd) {
            done.countDown();
        }
        return isEnd;
    }

    private boolean moveTo(OperationStatus to, String why) {
        lock.lock();
        try {
            if (!status.next().contains(to) || isCommitted && to == OperationStatus.CANCELLING) {
                return false;
            }
            status = to;
            error = why;
            if (to != OperationStatus.RUNNING) {
                updatedAt = Instant.now();
            }
        } finally {
            lock.unlock();
        }
        changed.accept(this);
        return true;
    }

    /// The answer that tells a client about the operation: 202 with its URL.
    public Response response() {
        return new Response.Async(url(), json());
    }

    /// The operation as the API shows it.
    public Json json() {
        lock.lock();
        try {
            return Json.object()
                    .put("id", id)
                    .put("class", spec.kind().text())
                    .put("description", spec.description())
                    .put("created_at", createdAt.toString())
                    .put("updated_at", updatedAt.toString())
                    .put("status", status.code().text())
                    .put("status_code", status.code().code())
                    .put("resources", resources())
                    .put("metadata", metadata.isEmpty() ? Json.Null.NULL : copyOfMetadata())
                    .put("may_cancel", mayCancel())
                    .put("err", error)
                    .put("location", "none");
        } finally {
            lock.unlock();
        }
    }

    private Json copyOfMetadata() {
        Json.Obj copy = Json.object();
        new java.util.TreeMap<>(metadata).forEach(copy::put);
        return copy;
    }

    private Json resources() {
        if (spec.resources().isEmpty()) {
            return Json.Null.NULL;
        }
        Json.Obj out = Json.object();
        spec.resources().forEach((type, urls) -> out.put(type, Json.strings(urls)));
        return out;
    }
}
