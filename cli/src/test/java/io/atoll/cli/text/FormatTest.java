package io.atoll.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FormatTest {
    @Test
    void rendersSizes() {
        assertEquals("744B", Format.bytes(744));
        assertEquals("280.00KiB", Format.bytes(286_720));
        assertEquals("1.08MiB", Format.bytes(1_130_496));
        assertEquals("1.13MB", Format.decimalBytes(1_130_496));
        assertEquals("1.00kB", Format.decimalBytes(1000));
        assertEquals("0.84", Format.decimal(0.836, 2));
        assertEquals("-0.5", Format.decimal(-0.46, 1));
        assertEquals("3", Format.decimal(2.5, 0));
    }

    @Test
    void rendersDates() {
        ZoneId utc = ZoneId.of("UTC");
        assertEquals("2026/11/21 00:30 UTC", Format.date("2026-11-21T00:30:55.921271Z", utc));
        assertEquals("Nov 21, 2026 at 12:31am (UTC)", Format.longDate("2026-11-21T00:31:00Z", utc));
        assertEquals("Jun 5, 2015 at 1:07pm (UTC)", Format.longDate("2015-06-05T13:07:00Z", utc));
        assertEquals(
                "2026/11/21 01:30 CET",
                Format.date("2026-11-21T00:30:55Z", Format.zone("Europe/Berlin")));
        assertEquals("", Format.date("0001-01-01T00:00:00Z", utc));
        assertFalse(Format.isSet("1970-01-01T00:00:00Z"));
        assertTrue(Format.isSet("2026-11-21T00:30:55Z"));
    }

    @Test
    void ordersNumbersByValue() {
        List<String> names = new ArrayList<>(List.of("c10", "c2", "c1a", "c1", "b", "c01"));
        names.sort(NaturalOrder::compare);
        assertEquals(List.of("b", "c01", "c1", "c1a", "c2", "c10"), names);
    }
}
