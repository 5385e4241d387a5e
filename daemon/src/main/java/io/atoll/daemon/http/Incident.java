package io.atoll.daemon.http;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.ThreadLocalRandom;

/// A failure nobody expected: logged with its stack under a number that the client is told too.
public final class Incident {
    private static final Logger LOG = System.getLogger(Incident.class.getName());

    private Incident() {}

    /// The sentence for the client: what is to be done if that is known, else a report.
    public static String explain(Throwable failure) {
        return NoSpace.explain(failure).orElseGet(() -> report(failure));
    }

    /// Logs the failure and returns the sentence for the client.
    public static String report(Throwable failure) {
        String id =
                String.format(java.util.Locale.ROOT, "%08x", ThreadLocalRandom.current().nextInt());
        LOG.log(Level.ERROR, "unexpected failure incident=" + id, failure);
        String message = failure.getMessage();
        String what = failure.getClass().getSimpleName() + (message == null ? "" : ": " + message);
        return what + " (incident " + id + ", see the server's log)";
    }

    /// Writes the cause of an expected failure to the debug log; the client sees only its message.
    public static void logCause(Throwable failure) {
        if (failure.getCause() != null) {
            LOG.log(Level.DEBUG, "failed: " + failure.getMessage(), failure);
        }
    }
}
