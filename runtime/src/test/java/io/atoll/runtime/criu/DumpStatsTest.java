package io.atoll.runtime.criu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DumpStatsTest {
    private static Optional<DumpStats> parse(String hex) {
        return DumpStats.parse(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    @Test
    void countsAreReadFromTheFile() {
        // Scanned 1000, skipped 700, written 300.
        String file = "40591055 06330957 0b000000 0a09 28e807 30bc05 38ac02";
        DumpStats stats = parse(file).orElseThrow();
        assertEquals(new DumpStats(700, 300), stats);
        assertEquals(70, stats.percentInSync());
        assertEquals(100, new DumpStats(0, 0).percentInSync());
        assertEquals(0, new DumpStats(0, 5).percentInSync());
    }

    @Test
    void whatIsCutOrNoneIsPassedOver() {
        assertEquals(Optional.empty(), parse(""));
        assertEquals(Optional.empty(), parse("40591055 06330957 0b000000"));
        assertEquals(Optional.empty(), parse("40591055 06330957 0b000000 0a09 28e8"));
        assertEquals(Optional.empty(), parse("40591055 06330957 0b000000 0aff7f"));
        assertEquals(Optional.empty(), parse("40591055 06330957 0b000000 0a03 280a0a"));
        assertEquals(
                Optional.empty(), parse("40591055 06330957 0b000000 ffffffffffffffffffffffff"));
    }
}
