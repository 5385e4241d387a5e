package io.atoll.client;

import io.atoll.base.InternalException;
import io.atoll.base.NotFoundException;
import java.util.function.Consumer;

/// What a change returned: a background operation to wait for, or nothing where the server was done
/// at once.
///
/// Waiting asks `/wait?timeout=1` again and again on the same connection: no second connection, no
/// event that can be missed between the answer and the subscription, and progress is seen once a
/// second.
public final class OperationHandle {
    private final AtollClient client;
    private final Operation started;
    private final String path;

    OperationHandle(AtollClient client, Operation started, String path) {
        this.client = client;
        this.started = started;
        this.path = path;
    }

    /// Whether the server was done before it answered.
    public boolean isDone() {
        return path.isEmpty();
    }

    /// The operation as it was started; its value is empty if [#isDone].
    public Operation started() {
        return started;
    }

    /// The operation's path, `/1.0/operations/ID`; empty if [#isDone].
    public String path() {
        return path;
    }

    /// Waits until the operation ends, however it ends.
    ///
    /// @param progress told each state seen on the way
    public Operation await(Consumer<Operation> progress) {
        if (isDone()) {
            return started;
        }
        String wait = Target.raw(path + "/wait").query("timeout", "1").toString();
        while (true) {
            Operation now = new Operation(client.rest().get(wait));
            if (now.isFinal()) {
                return now;
            }
            progress.accept(now);
        }
    }

    /// Waits until the operation succeeds.
    ///
    /// @throws InternalException with the operation's own words if it fails
    public Operation awaitSuccess(Consumer<Operation> progress) {
        Operation last = await(progress);
        if (!isDone() && !last.isSuccess()) {
            throw new InternalException(last.error());
        }
        return last;
    }

    /// Waits until the operation succeeds, without looking at its progress.
    public Operation awaitSuccess() {
        return awaitSuccess(_ -> {});
    }

    /// Asks the server to cancel; an operation that just ended is no error.
    public void cancel() {
        if (isDone()) {
            return;
        }
        try {
            client.rest().call("DELETE", path, null, "");
        } catch (NotFoundException _) {
            // It ended on its own, which is what the caller wants.
        }
    }
}
