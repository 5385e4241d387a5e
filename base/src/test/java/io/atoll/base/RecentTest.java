package io.atoll.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecentTest {
    private final List<String> asked = new ArrayList<>();

    @Test
    void keepsThoseThatWereAskedForLast() {
        Recent<String, Integer> lengths = new Recent<>(2, this::length);
        assertEquals(1, lengths.get("a"));
        assertEquals(2, lengths.get("bb"));
        assertEquals(1, lengths.get("a"));
        assertEquals(3, lengths.get("ccc"));
        assertEquals(1, lengths.get("a"));
        assertEquals(2, lengths.get("bb"));
        assertEquals(List.of("a", "bb", "ccc", "bb"), asked);
    }

    @Test
    void failureIsNotKept() {
        Recent<String, Integer> lengths = new Recent<>(2, this::length);
        assertThrows(IllegalArgumentException.class, () -> lengths.get(""));
        assertThrows(IllegalArgumentException.class, () -> lengths.get(""));
        assertEquals(List.of("", ""), asked);
    }

    private int length(String text) {
        asked.add(text);
        if (text.isEmpty()) {
            throw new IllegalArgumentException("nothing");
        }
        return text.length();
    }
}
