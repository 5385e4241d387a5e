package io.atoll.daemon;

import java.lang.reflect.Proxy;

/// Runs code on a POSIX signal. The JDK has this only in `sun.misc`, which cannot be named without
/// a warning that cannot be suppressed; hence the reflection.
final class Signal {
    private Signal() {}

    /// @param name without `SIG`
    /// @param action run on a thread of its own
    static void handle(String name, Runnable action) {
        try {
            ClassLoader loader = ClassLoader.getSystemClassLoader();
            Class<?> signal = Class.forName("sun.misc.Signal", true, loader);
            Class<?> handler = Class.forName("sun.misc.SignalHandler", true, loader);
            Object listener =
                    Proxy.newProxyInstance(
                            loader,
                            new Class<?>[] {handler},
                            (_, method, _) -> {
                                if (method.getName().equals("handle")) {
                                    Thread.ofPlatform().name("signal-" + name).start(action);
                                }
                                return null;
                            });
            Object number = signal.getConstructor(String.class).newInstance(name);
            signal.getMethod("handle", signal, handler).invoke(null, number, listener);
        } catch (ReflectiveOperationException e) {
            // Without the signal the daemon still serves.
            System.getLogger(Signal.class.getName())
                    .log(System.Logger.Level.WARNING, "cannot listen for signal name=" + name, e);
        }
    }
}
