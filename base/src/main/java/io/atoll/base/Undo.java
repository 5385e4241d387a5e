package io.atoll.base;

import java.util.ArrayDeque;
import java.util.Deque;

/// A stack of undo actions, run last-in first-out by [#close()] unless [#keep()] was called. Used
/// with try-with-resources by whatever creates more than one thing:
///
/// ```java
/// try (Undo undo = new Undo()) {
///     create(a); undo.add(() -> delete(a));
///     create(b);
///     undo.keep();
/// }
/// ```
///
/// Not thread-safe.
public final class Undo implements AutoCloseable {
    /// One undo action; may throw, which never hides the failure that led here.
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    private final Deque<Action> actions = new ArrayDeque<>();

    /// Adds an action that takes back what was just done.
    public void add(Action action) {
        actions.push(action);
    }

    /// Everything went well: forget the actions.
    public void keep() {
        actions.clear();
    }

    /// Runs all actions left, last added first. A failing action does not stop the others.
    ///
    /// @throws InternalException after all have run, if one failed; inside try-with-resources it
    ///   becomes a suppressed exception of the first failure
    @Override
    public void close() {
        InternalException failure = null;
        while (!actions.isEmpty()) {
            try {
                actions.pop().run();
            } catch (Exception e) {
                if (failure == null) {
                    failure = new InternalException("undo failed: " + e.getMessage(), e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
