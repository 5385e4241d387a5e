package io.atoll.daemon.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.InternalException;
import io.atoll.base.json.Json;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class FilterTest {
    private static final Json OBJECT =
            Json.parse(
                    "{\"name\":\"c1\",\"status\":\"Running\",\"config\":{\"user.foo\":\"a b\"},"
                            + "\"expanded_devices\":{\"eth0\":{\"nictype\":\"bridged\"}},\"public\":true}");

    @Test
    void matchesByField() {
        Map.ofEntries(
                        Map.entry("", true),
                        Map.entry("name eq c1", true),
                        Map.entry("name eq C1", true),
                        Map.entry("name eq c", false),
                        Map.entry("name eq c.*", true),
                        Map.entry("name ne c2", true),
                        Map.entry("not name eq c1", false),
                        Map.entry("name eq c1 and status eq stopped", false),
                        Map.entry("name eq c2 or status eq running", true),
                        Map.entry("name eq c1 and not status eq stopped", true),
                        Map.entry("config.user.foo eq \"a b\"", true),
                        Map.entry("expanded_devices.eth0.nictype eq bridged", true),
                        Map.entry("nosuch eq x", false),
                        Map.entry("nosuch ne x", true))
                .forEach((text, expected) ->
                        assertEquals(expected, Filter.parse(text).matches(OBJECT), text));
    }

    @Test
    void refusesHalfClauses() {
        for (String text :
                new String[] {
                    "name",
                    "name is c1",
                    "name eq",
                    "name eq a and",
                    "name eq a b eq c",
                    "name eq \"a"
                }) {
            assertThrows(InternalException.class, () -> Filter.parse(text), text);
        }
    }
}
