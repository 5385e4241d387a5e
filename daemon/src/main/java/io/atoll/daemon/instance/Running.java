package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Fd;
import io.atoll.linux.net.Netlink;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.NamespaceKind;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// An instance that runs: its container, and what is known of how it is going to end. Lives from
/// start or re-adoption until what belonged to the run is taken away.
final class Running {
    /// Who ends it, if anyone has been asked to; decides who tells the event listeners, and what
    /// follows.
    enum Ending {
        /// Nobody: whatever comes is from inside.
        BY_ITSELF,
        /// A client stops it.
        STOP,
        /// A client restarts it: it comes back, also if it is ephemeral.
        RESTART,
        /// The host goes down: it is to come back with the host.
        HOST_SHUTDOWN
    }

    private final Container container;
    private final CountDownLatch cleaned = new CountDownLatch(1);
    private volatile Ending ending = Ending.BY_ITSELF;

    /// Guards the two below; held while a namespace is opened, nothing else is taken meanwhile.
    private final ReentrantLock opening = new ReentrantLock();

    private @Nullable Netlink netlink;
    private boolean isEnded;

    Running(Container container) {
        this.container = container;
    }

    Container container() {
        return container;
    }

    Ending ending() {
        return ending;
    }

    void ending(Ending value) {
        ending = value;
    }

    /// A conversation about the network namespace inside. Opened when first asked for and kept,
    /// since opening one costs a thread; closed with the run, because it keeps the namespace alive.
    Netlink netlink() {
        opening.lock();
        try {
            Netlink open = netlink;
            if (open == null) {
                if (isEnded) {
                    throw new InvalidConfigException(InstanceMessages.NOT_RUNNING);
                }
                try (Fd namespace = container.namespaceFd(NamespaceKind.NET)) {
                    open = Netlink.openIn(namespace);
                }
                netlink = open;
            }
            return open;
        } finally {
            opening.unlock();
        }
    }

    /// The last process is gone: lets go of what keeps parts of it alive.
    void release() {
        opening.lock();
        try {
            isEnded = true;
            if (netlink != null) {
                netlink.close();
            }
        } finally {
            opening.unlock();
        }
    }

    /// All is taken away.
    void markCleaned() {
        cleaned.countDown();
    }

    /// Waits until all is taken away.
    boolean awaitCleaned(Duration timeout) throws InterruptedException {
        return cleaned.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }
}
