package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ProcessesTest {
    @Test
    void readsTheStartTimeBehindAHostileName() {
        String stat = "7 (a) R (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assertEquals(Optional.of(4242L), Processes.startTicks(stat));
        assertEquals(Optional.empty(), Processes.startTicks("7 (a) S 1"));
        assertEquals(Optional.empty(), Processes.startTicks(""));
        assertEquals(Optional.of(new Processes.Identity(7, 4242)), Processes.parse(7, stat));
        assertEquals(Optional.empty(), Processes.parse(7, stat.replace(") S ", ") Z ")));
    }
}
