package io.atoll.daemon.backup;

import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.OperationTask;
import io.atoll.daemon.operation.Operations;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;

/// Operations that work on what a request's body brings while it comes, so that nothing is stored
/// twice. The client sees the operation when its body is through.
public final class Upload {
    private Upload() {}

    /// Starts an operation that reads the request's body, and answers when it has.
    public static Response consume(
            Request request, Operations operations, OperationSpec spec, OperationTask task) {
        CountDownLatch isRead = new CountDownLatch(1);
        Operation operation =
                operations.start(
                        spec,
                        running -> {
                            try {
                                task.run(running);
                            } finally {
                                drain(request);
                                isRead.countDown();
                            }
                        });
        try {
            isRead.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return operation.response();
    }

    /// A client that is still sending would take an early answer for a broken connection.
    private static void drain(Request request) {
        try {
            long _ = request.stream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // The client is gone; the operation has its own end.
        }
    }
}
