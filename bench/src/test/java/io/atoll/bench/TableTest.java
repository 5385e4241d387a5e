package io.atoll.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void showsMediansAndTheirRatio() {
        Table table = new Table(List.of("ours", "theirs"));
        for (double millis : List.of(10.0, 30.0, 20.0)) {
            table.addMillis("launch", "ours", millis);
            table.addMillis("launch", "theirs", millis * 10);
        }
        table.addBytes("memory", "ours", 2_000_000);
        table.addRate("bytes", "ours", 30);
        table.addRate("bytes", "theirs", 20);
        assertEquals(
                """
                | | ours | theirs | ratio |
                |---|---:|---:|---:|
                | launch | 20.0 ms | 200 ms | 10.0× |
                | memory | 2.0 MB | – | – |
                | bytes | 30/s | 20/s | 1.5× |
                """,
                table.render());
    }

    @Test
    void theMedianOfAnEvenCountLiesBetween() {
        assertEquals(2.5, Table.median(List.of(4.0, 1.0, 2.0, 3.0)));
    }
}
