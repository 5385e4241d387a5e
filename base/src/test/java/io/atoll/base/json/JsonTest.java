package io.atoll.base.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "[]",
                "{}",
                "-0.5e+10",
                "{\"a\":[1,true,false,null,\"x\\n\\\"\\\\\"]}",
                "9223372036854775807",
                "\"\\ud83d\\ude00\""
            })
    void rendersWhatItRead(String text) {
        assertEquals(text, Json.parse(text).render());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[1,]",
                "{\"a\"}",
                "{\"a\":1,}",
                "01",
                "1.",
                "nul",
                "\"\\x\"",
                "\"a\nb\"",
                "1 2",
                "\"\\u12g4\"",
                "-",
                "'a'"
            })
    void rejectsMalformedText(String text) {
        assertThrows(JsonException.class, () -> Json.parse(text));
    }

    @Test
    void rejectsDeepNesting() {
        assertThrows(JsonException.class, () -> Json.parse("[".repeat(100_000)));
    }

    @Test
    void treatsMissingMembersAsNull() {
        Json json = Json.parse("{\"a\":{\"b\":\"c\"}}");
        assertEquals("c", json.get("a").get("b").asString());
        assertEquals("", json.get("x").get("y").asString());
        assertEquals(0, json.get("x").asList().size());
    }

    @Test
    void rejectsWrongTypes() {
        Json json = Json.parse("{\"a\":\"1\",\"b\":4294967296}");
        assertThrows(JsonException.class, () -> json.get("a").asLong());
        assertThrows(JsonException.class, () -> json.get("b").asInt());
        assertThrows(JsonException.class, () -> json.get("a").asMap());
    }
}
