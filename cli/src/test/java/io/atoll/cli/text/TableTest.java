package io.atoll.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import org.junit.jupiter.api.Test;

class TableTest {
    private static Table sample() {
        Table table = new Table("NAME", "IPV4", "TYPE");
        table.add("c10", "10.0.0.2 (eth0)\n10.0.0.1 (eth0)", "CONTAINER");
        table.add("c2", "", "CONTAINER");
        return table.sort();
    }

    @Test
    void drawsBoxesWithCentredTitles() {
        assertEquals(
                """
                +------+-----------------+-----------+
                | NAME |      IPV4       |   TYPE    |
                +------+-----------------+-----------+
                | c2   |                 | CONTAINER |
                +------+-----------------+-----------+
                | c10  | 10.0.0.2 (eth0) | CONTAINER |
                |      | 10.0.0.1 (eth0) |           |
                +------+-----------------+-----------+
                """,
                sample().render("table", Json.array()));
    }

    @Test
    void drawsColumnsWithoutLines() {
        assertEquals(
                "  NAME       IPV4          TYPE     \n"
                        + "  c2                     CONTAINER  \n"
                        + "  c10   10.0.0.2 (eth0)  CONTAINER  \n"
                        + "        10.0.0.1 (eth0)             \n",
                sample().render("compact", Json.array()));
    }

    @Test
    void quotesOnlyWhatCsvNeeds() {
        assertEquals(
                "c2,,CONTAINER\nc10,\"10.0.0.2 (eth0)\n10.0.0.1 (eth0)\",CONTAINER\n",
                sample().render("csv", Json.array()));
        Table table = new Table("A");
        table.add("a\"b, c");
        table.add(" d");
        assertEquals("\"a\"\"b, c\"\n\" d\"\n", table.renderCsv());
    }

    @Test
    void drawsEmptyAndWideTables() {
        assertEquals("+---+\n| A |\n+---+\n", new Table("A").renderTable());
        Table table = new Table("A");
        table.add("日本");
        assertEquals("+------+\n|  A   |\n+------+\n| 日本 |\n+------+\n", table.renderTable());
    }
}
