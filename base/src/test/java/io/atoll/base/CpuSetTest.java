package io.atoll.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CpuSetTest {
    @ParameterizedTest
    @ValueSource(strings = {"0", "0-3", "0-1,4,6-7", "8191", ""})
    void readsWhatItWrites(String text) {
        assertEquals(text, CpuSet.parse(text + "\n").render());
        assertEquals(CpuSet.parse(text), CpuSet.of(CpuSet.parse(text).numbers()));
    }

    @ParameterizedTest
    @ValueSource(strings = {",", "x", "5-3", "8192", "-1", "0-", "0,,1", "99999999999"})
    void refusesWhatIsNoList(String text) {
        assertThrows(InvalidConfigException.class, () -> CpuSet.parse(text));
    }

    @Test
    void compares() {
        CpuSet set = CpuSet.parse("1,3-5");
        assertEquals(List.of(1, 3, 4, 5), set.numbers());
        assertEquals("1,3", set.lowest(2).render());
        assertTrue(set.containsAll(CpuSet.parse("3,5")));
        assertFalse(set.containsAll(CpuSet.parse("2")));
        assertEquals(CpuSet.parse("0-2"), CpuSet.first(3));
    }
}
