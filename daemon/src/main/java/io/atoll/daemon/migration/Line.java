package io.atoll.daemon.migration;

import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.UnavailableException;
import io.atoll.daemon.http.WebSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The connection of one migration: a websocket for messages and one for files. First headers go
/// both ways ([#send], [#receiveHeader]); then the files, while [#watch] looks out for the other
/// side giving up, which ends the websocket for files; at the end the target tells the source how
/// it went. Between servers of this kind both outlive their connections from the headers on
/// ([#agree]).
///
/// Closing it closes both.
public final class Line implements AutoCloseable {
    /// A message may not be longer than this.
    static final int MESSAGE_MAX = 16 << 20;

    /// How long the other side may take to say why it broke off.
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    /// How long the other side may take to send its header.
    private static final Duration HEADER_PATIENCE = Duration.ofSeconds(60);

    private final Returns returns;
    private volatile WebSocket control;
    private volatile WebSocket files;
    private volatile int resumes;

    /// The other side's last messages, or that it is gone.
    private final BlockingQueue<Optional<Verdict>> ends = new ArrayBlockingQueue<>(2);

    private @Nullable Thread watcher;

    Line(WebSocket control, WebSocket files, Returns returns) {
        this.control = control;
        this.files = files;
        this.returns = returns;
    }

    FrameStreams streams() {
        return new FrameStreams(files);
    }

    /// What this side says of itself.
    OwnTransport own() {
        return new OwnTransport(
                OwnTransport.VERSION, returns.dialer(RemoteOperation.CONTROL).isPresent(), false);
    }

    /// Goes on as agreed in the headers.
    ///
    /// @param other what the other side said of itself; empty if it is of another kind
    void agree(Optional<OwnTransport> other) {
        if (other.isPresent()) {
            boolean comesBack = other.get().connects() || own().connects();
            control = steady(RemoteOperation.CONTROL, control, comesBack);
            files = steady(RemoteOperation.FILES, files, comesBack);
        }
    }

    private SteadySocket steady(String name, WebSocket first, boolean comesBack) {
        SteadySocket out =
                new SteadySocket(
                        first,
                        returns.dialer(name),
                        comesBack ? SteadySocket.patience() : Duration.ZERO,
                        times -> {
                            if (name.equals(RemoteOperation.FILES)) {
                                resumes = times;
                            }
                        });
        returns.await(
                name,
                fresh -> {
                    boolean unused = out.resumeWith(fresh);
                });
        return out;
    }

    private boolean isSteady() {
        return files instanceof SteadySocket;
    }

    /// What rsync is to do: it need not compress what the connection compresses, and the rsync of
    /// another server of this kind knows hard links.
    RsyncFeatures adapt(RsyncFeatures features) {
        return isSteady() ? features.own() : features;
    }

    /// How often the connection for files has come back.
    int resumes() {
        return resumes;
    }

    void send(byte[] message) throws IOException {
        control.sendBinary(ByteBuffer.wrap(message));
    }

    /// The other side's header. Blocks, but not for ever.
    byte[] receiveHeader() throws IOException, InterruptedException {
        Thread guard = Thread.ofVirtual().name("migration-patience").start(this::loosePatience);
        try {
            return receive();
        } finally {
            guard.interrupt();
        }
    }

    private void loosePatience() {
        try {
            Thread.sleep(HEADER_PATIENCE);
            abort();
        } catch (InterruptedException _) {
            // The header came.
        }
    }

    private byte[] receive() throws IOException, InterruptedException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        while (true) {
            switch (control.receive()) {
                case WebSocket.Binary(ByteBuffer bytes, boolean isLast) -> {
                    if (message.size() + bytes.remaining() > MESSAGE_MAX) {
                        throw new IOException("a message is longer than " + MESSAGE_MAX + " bytes");
                    }
                    message.write(bytes.array(), bytes.arrayOffset(), bytes.remaining());
                    if (isLast) {
                        return message.toByteArray();
                    }
                }
                case WebSocket.Text _ -> throw new IOException("a text where a message belongs");
                case WebSocket.Closed _ -> throw new IOException("the connection was lost");
            }
        }
    }

    /// From now on only verdicts are expected: how far the other side came.
    ///
    /// @param verdicts so many, if all are good
    void watch(int verdicts) {
        watcher = Thread.ofVirtual().name("migration-control").start(() -> watchControl(verdicts));
    }

    private void watchControl(int verdicts) {
        boolean isGood = true;
        for (int i = 0; i < verdicts && isGood; i++) {
            Optional<Verdict> end;
            try {
                end = Optional.of(Verdict.decode(receive()));
            } catch (IOException | MalformedMessageException _) {
                end = Optional.empty();
            } catch (InterruptedException _) {
                return;
            }
            boolean unused = ends.offer(end);
            isGood = end.filter(Verdict::isSuccess).isPresent();
        }
        if (!isGood) {
            files.abort();
        }
    }

    /// Waits until the other side says that it has come as far as it is to.
    ///
    /// @throws InternalException with its words if it failed
    /// @throws UnavailableException if it is gone
    void awaitSuccess() throws InterruptedException {
        Verdict verdict =
                ends.take()
                        .orElseThrow(() ->
                                new UnavailableException(
                                        "The other server went away without saying how it ended"));
        if (!verdict.isSuccess()) {
            throw refusal(verdict);
        }
    }

    private static InternalException refusal(Verdict verdict) {
        return new InternalException(
                verdict.message().isEmpty()
                        ? "The other server gave up without saying why"
                        : verdict.message());
    }

    /// Says that this side has come as far as it is to.
    void agree() throws IOException {
        send(Verdict.success().encode());
    }

    /// Says that everything is done, and waits until the other side knows if a lost connection
    /// could keep it from that.
    void succeed() throws IOException, InterruptedException {
        agree();
        if (control instanceof SteadySocket steady) {
            boolean unused = steady.flush(SteadySocket.patience());
        }
    }

    /// What to say of a failure on this side: what the other side says it was, if it does.
    DomainException explain(Exception failure) {
        Optional<Verdict> end = Optional.empty();
        boolean isWatched = watcher != null;
        try {
            if (isWatched) {
                Optional<Verdict> last = ends.poll(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
                end = last == null ? Optional.empty() : last;
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        if (end.filter(v -> !v.isSuccess()).isPresent()) {
            return refusal(end.get());
        }
        return failure instanceof DomainException known
                ? known
                : new UnavailableException(
                        "Migration with the other server failed: " + failure.getMessage(), failure);
    }

    /// Tells the other side that nothing will come of it. Never throws.
    void fail(String why) {
        try {
            send(Verdict.failure(why).encode());
        } catch (IOException _) {
            // It is gone and knows.
        }
    }

    /// Ends both connections now, whatever is on them.
    void abort() {
        control.abort();
        files.abort();
    }

    @Override
    public void close() {
        Thread watching = watcher;
        if (watching != null) {
            watching.interrupt();
        }
        control.close();
        files.close();
        returns.end();
    }
}
