package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InodesTest {
    private static final int ROUNDS = 200;

    @TempDir Path directory;

    @Test
    void whatIsMissingIsNoError() {
        try (Fd parent = open(directory)) {
            Inodes.deleteTree(parent, "nothing");
        }
    }

    /// Two removals of one tree meet in it at any place, and neither fails for the other.
    @Test
    void severalMayRemoveTheSameTree() throws Exception {
        List<String> failed = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(3);
                Fd parent = open(directory)) {
            for (int round = 0; round < ROUNDS; round++) {
                tree(directory.resolve("tree"));
                CyclicBarrier together = new CyclicBarrier(3);
                Callable<Void> removal =
                        () -> {
                            int unused = together.await();
                            Inodes.deleteTree(parent, "tree");
                            return null;
                        };
                for (Future<Void> each : threads.invokeAll(List.of(removal, removal, removal))) {
                    if (each.state() == Future.State.FAILED) {
                        failed.add(each.exceptionNow().toString());
                    }
                }
                assertFalse(Files.exists(directory.resolve("tree")));
            }
        }
        assertEquals(List.of(), failed);
    }

    private static void tree(Path top) throws Exception {
        for (String name : List.of("a/b/c", "a/d", "e/f")) {
            Path below = Files.createDirectories(top.resolve(name));
            Files.writeString(below.resolve("file"), name);
        }
    }

    private static Fd open(Path path) {
        return Opens.open(path.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
    }
}
