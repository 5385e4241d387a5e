package io.atoll.base;

import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/// A logger that is looked up when it first has something to say. Java's own looks for an
/// implementation in every jar of the class path as soon as a class asks for its logger: a third of
/// the time that a cold command takes, most of which say nothing.
public final class LazyLogger implements System.Logger {
    private final String name;
    private volatile System.@Nullable Logger found;

    private LazyLogger(String name) {
        this.name = name;
    }

    /// The logger of a class.
    public static System.Logger of(Class<?> type) {
        return new LazyLogger(type.getName());
    }

    private System.Logger found() {
        System.Logger logger = found;
        if (logger == null) {
            logger = System.getLogger(name);
            found = logger;
        }
        return logger;
    }

    @Override
    public String getName() {
        return name;
    }

    @Override
    public boolean isLoggable(Level level) {
        return found().isLoggable(level);
    }

    @Override
    public void log(
            Level level,
            @Nullable ResourceBundle bundle,
            @Nullable String text,
            @Nullable Throwable thrown) {
        found().log(level, bundle, text, thrown);
    }

    @Override
    public void log(
            Level level,
            @Nullable ResourceBundle bundle,
            @Nullable String format,
            @Nullable Object @Nullable ... values) {
        found().log(level, bundle, format, values);
    }
}
