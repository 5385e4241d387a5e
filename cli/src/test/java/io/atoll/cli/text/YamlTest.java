package io.atoll.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import java.util.List;
import org.junit.jupiter.api.Test;

class YamlTest {
    private static String scalar(String text) {
        String line = Yaml.render(Json.object().put("k", text));
        return line.substring(3, line.length() - 1);
    }

    @Test
    void quotesWhatReadersWouldTakeForSomethingElse() {
        for (String plain :
                List.of(
                        "x86_64",
                        "128MB",
                        "00:16:3e:7c:35:58",
                        "BusyBox x86_64",
                        "a:b",
                        "-x",
                        "/",
                        "a#b",
                        "1.2.3")) {
            assertEquals(plain, scalar(plain));
        }
        for (String ambiguous :
                List.of(
                        "0",
                        "12",
                        "-1.5",
                        "1e3",
                        "true",
                        "No",
                        "off",
                        "null",
                        "~",
                        "2026-11-21",
                        "0x1f",
                        "12:30")) {
            assertEquals('"' + ambiguous + '"', scalar(ambiguous));
        }
        for (String special :
                List.of(
                        "[{}]", "a: b", "#c", " lead", "trail ", "*x", "a #b", "- x", "x:", "%d",
                        "@at")) {
            assertEquals("'" + special + "'", scalar(special));
        }
        assertEquals("'it''s: '", scalar("it's: "));
        assertEquals("\"\"", scalar(""));
        assertEquals("\"tab\\t\"", scalar("tab\t"));
    }

    @Test
    void rendersBlocksOfLines() {
        assertEquals("k: |\n  a\n  b\n", Yaml.render(Json.object().put("k", "a\nb\n")));
        assertEquals("k: |-\n  a\n\n  b\n", Yaml.render(Json.object().put("k", "a\n\nb")));
    }

    @Test
    void foldsLongLines() {
        String text =
                "Failed creating instance snapshot record \"s0\": Add snapshot info to the database: "
                        + "This \"instances_snapshots\" entry already exists";
        assertEquals(
                """
                - err: 'Failed creating instance snapshot record "s0": Add snapshot info to the database:
                    This "instances_snapshots" entry already exists'
                """,
                Yaml.render(Json.array(List.of(Json.object().put("err", text)))));
    }

    @Test
    void rendersAnInstanceAsLxdsClientDoes() {
        Json instance =
                Json.parse(
                        "{\"architecture\":\"x86_64\",\"config\":{\"volatile.idmap.base\":\"0\",\"limits.memory\":\"128MB\"},"
                                + "\"devices\":{\"eth10\":{\"type\":\"nic\",\"name\":\"eth0\"},\"eth2\":{}},\"profiles\":[\"default\"],"
                                + "\"backups\":null,\"state\":null,\"created_at\":\"2026-11-21T00:30:55.921271Z\",\"ephemeral\":false}");
        assertEquals(
                """
                architecture: x86_64
                config:
                  limits.memory: 128MB
                  volatile.idmap.base: "0"
                devices:
                  eth2: {}
                  eth10:
                    name: eth0
                    type: nic
                profiles:
                - default
                backups: []
                state: null
                created_at: 2026-11-21T00:30:55.921271Z
                ephemeral: false
                """,
                Yaml.render(instance));
        assertEquals("[]\n", Yaml.render(Json.array()));
        assertEquals("{}\n", Yaml.render(Json.object()));
    }

    @Test
    void readsBackWhatItRenders() {
        Json value =
                Json.parse(
                        "{\"a\":\"true\",\"b\":[\"x: y\",\"- z\",\"\",\"it's\"],\"c\":{\"d\":\"1\\n2\\n\",\"e\":true,\"f\":null,\"g\":7}}");
        assertEquals(value, Yaml.parse(Yaml.render(value)));
    }

    @Test
    void readsWhatPeopleWrite() {
        Json read =
                Yaml.parse("# note\nconfig:\n  limits.cpu: 2\n  security.nesting: true\n  a: ''\n");
        assertEquals(
                "{\"limits.cpu\":\"2\",\"security.nesting\":\"true\",\"a\":\"\"}",
                Yaml.stringsOf(read.get("config")).render());
        assertThrows(CliException.class, () -> Yaml.parse("a: [1\nb"));
    }

    @Test
    void numbersThatAreTextStayAsTheyAreWritten() {
        Json read =
                Yaml.parse(
                        "{release: 3.10, e: 1e3, o: 010, n: -0, dot: 1., big: 123456789012345678901,"
                                + " nothing: ~, quoted: '~', Y: Yes}");
        assertEquals(
                "{\"release\":\"3.10\",\"e\":\"1e3\",\"o\":\"010\",\"n\":\"-0\",\"dot\":\"1.\","
                        + "\"big\":\"123456789012345678901\",\"nothing\":\"\",\"quoted\":\"~\",\"Y\":\"Yes\"}",
                Yaml.stringsOf(read).render());
        assertEquals(7, Yaml.parse("a: 7").get("a").asLong());
    }

    @Test
    void whatIsNoTextIsNotMadeOne() {
        Json read = Yaml.parse("limits.cpu: [1, 2]\nuser.a: {b: c}\n");
        CliException list = assertThrows(CliException.class, () -> Yaml.stringsOf(read));
        assertEquals("The value of \"limits.cpu\" is a list, not text", list.getMessage());
    }

    @Test
    void aDocumentThatIsNoMapIsNotTakenForAnEmptyOne() {
        assertEquals(
                "malformed YAML: a map of keys is needed, not a text",
                assertThrows(CliException.class, () -> Yaml.parseMap("nonsense")).getMessage());
        assertThrows(CliException.class, () -> Yaml.parseMap("- a\n"));
        assertEquals(Json.Null.NULL, Yaml.parseMap("# nothing\n"));
    }

    @Test
    void saysInOneLineWhereAnErrorIs() {
        assertEquals(
                "malformed YAML: line 2, column 9: expected ',' or ']', but got <stream end>",
                assertThrows(CliException.class, () -> Yaml.parse("a: 1\nb: [1, 2")).getMessage());
    }

    @Test
    void whatHoldsItselfOrHasNoEndIsRefused() {
        assertThrows(CliException.class, () -> Yaml.parse("a: &d\n  b: {c: *d}\n"));
        assertThrows(CliException.class, () -> Yaml.parse("[".repeat(100_000)));
        assertEquals("{\"a\":\"-.inf\"}", Yaml.parse("a: -.inf").render());
    }
}
