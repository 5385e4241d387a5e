package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PlatformThreadsTest {
    private static <T> T onVirtualThread(Supplier<T> work) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        result.complete(work.get());
                    } catch (RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                });
        return result.get();
    }

    @Test
    void takesVirtualThreadsOffTheirCarrier() throws Exception {
        assertFalse(
                onVirtualThread(
                        () -> PlatformThreads.call(() -> Thread.currentThread().isVirtual())));
        assertSame(Thread.currentThread(), PlatformThreads.call(Thread::currentThread));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 16, 17, 1000})
    void mapsAllItemsInTheirOrder(int count) throws Exception {
        List<Integer> items = IntStream.range(0, count).boxed().toList();
        List<Integer> expected = items.stream().map(i -> i * 3).toList();
        assertEquals(expected, PlatformThreads.map(items, i -> i * 3));
        assertEquals(expected, onVirtualThread(() -> PlatformThreads.map(items, i -> i * 3)));
        assertTrue(
                onVirtualThread(() ->
                        PlatformThreads.map(items, _ -> !Thread.currentThread().isVirtual())
                                .stream()
                                .allMatch(isPlatform -> isPlatform)));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 300})
    void failsAsTheWorkDoes(int count) {
        List<Integer> items = IntStream.range(0, count).boxed().toList();
        IllegalStateException own = new IllegalStateException("no");
        ExecutionException failure =
                assertThrows(
                        ExecutionException.class,
                        () ->
                                onVirtualThread(() ->
                                        PlatformThreads.map(
                                                items,
                                                i -> {
                                                    if (i == count - 1) {
                                                        throw own;
                                                    }
                                                    return i;
                                                })));
        assertSame(own, failure.getCause());
    }
}
