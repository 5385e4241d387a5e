package io.atoll.daemon.event;

import io.atoll.base.ProjectName;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;

/// A queue of rendered events, filled by [Events], emptied by one reader.
public final class EventListener implements AutoCloseable {
    /// How many events may wait for a slow reader; the next one ends the listener.
    public static final int QUEUE_MAX = 4096;

    /// Never a real event: tells the reader that nothing follows.
    private static final String END = "";

    private final Set<EventType> types;
    private final Optional<ProjectName> project;
    private final boolean serverWide;
    private final Consumer<EventListener> onClose;
    private final BlockingQueue<String> queue = new ArrayBlockingQueue<>(QUEUE_MAX);

    EventListener(
            Set<EventType> types,
            Optional<ProjectName> project,
            boolean serverWide,
            Consumer<EventListener> onClose) {
        this.serverWide = serverWide;
        this.types = Set.copyOf(types);
        this.project = project;
        this.onClose = onClose;
    }

    Set<EventType> types() {
        return types;
    }

    boolean wants(EventType type, Optional<ProjectName> of) {
        boolean isOurs = of.isEmpty() ? serverWide : project.isEmpty() || project.equals(of);
        return types.contains(type) && isOurs;
    }

    void offer(String line) {
        if (!queue.offer(line)) {
            close();
        }
    }

    /// Blocks for the next event: one JSON text and a newline. Empty when the listener was closed,
    /// by its owner or because it fell [#QUEUE_MAX] events behind.
    public Optional<String> next() throws InterruptedException {
        String line = queue.take();
        return line.equals(END) ? Optional.empty() : Optional.of(line);
    }

    @Override
    public void close() {
        onClose.accept(this);
        queue.clear();
        queue.offer(END);
    }
}
