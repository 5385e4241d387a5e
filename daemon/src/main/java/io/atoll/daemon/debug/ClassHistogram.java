package io.atoll.daemon.debug;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;

/// How many objects there are of each class, the largest sums first. The virtual machine collects
/// garbage for it and stands still meanwhile.
final class ClassHistogram implements DebugPage {
    private static final int CLASSES = 50;
    private static final int CLASSES_MAX = 10_000;

    /// The title and the line below it.
    private static final int TITLE_LINES = 2;

    /// One at a time: each stops the daemon for a moment.
    private final ReentrantLock lock = new ReentrantLock();

    @Override
    public String name() {
        return "classes";
    }

    @Override
    public String about() {
        return "Number and size of the objects of each class, largest first; ?max=50";
    }

    @Override
    public Content show(Function<String, Optional<String>> query) throws IOException {
        int max = DebugPage.number(query, "max", CLASSES, CLASSES_MAX);
        return Content.Text.plain(
                histogram()
                        .lines()
                        .filter(line -> !line.isBlank())
                        .limit(max + (long) TITLE_LINES)
                        .collect(Collectors.joining("\n", "", "\n")));
    }

    private String histogram() throws IOException {
        lock.lock();
        try {
            Object text =
                    ManagementFactory.getPlatformMBeanServer()
                            .invoke(
                                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                                    "gcClassHistogram",
                                    new Object[] {new String[0]},
                                    new String[] {String[].class.getName()});
            return String.valueOf(text);
        } catch (JMException e) {
            throw new IOException("This Java counts no objects: " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
    }
}
