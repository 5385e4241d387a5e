package io.atoll.lxctools.nic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.lxctools.nic.Usernet.Line;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class UsernetTest {
    private static List<Line> about(String text, String user, Set<String> groups) {
        return Usernet.parse(text).about(user, groups::contains, "veth", "lxcbr0");
    }

    @Test
    void readsUsersAndGroupsInTheOrderOfTheFile() {
        String text =
                """
                # who  type bridge how many
                @staff veth lxcbr0 3
                ann veth lxcbr0 2

                \tann   veth   br1  9
                bob veth lxcbr0 1
                """;
        assertEquals(
                List.of(
                        new Line("@staff", "veth", "lxcbr0", 3),
                        new Line("ann", "veth", "lxcbr0", 2)),
                about(text, "ann", Set.of("staff")));
        assertEquals(List.of(new Line("ann", "veth", "lxcbr0", 2)), about(text, "ann", Set.of()));
        assertEquals(List.of(), about(text, "an", Set.of()));
        // A user cannot be a group by its name.
        assertEquals(
                List.of(), about(text, "@staff", Set.of()).stream().filter(Line::isGroup).toList());
    }

    @Test
    void linesThatSayNothingAllowNothing() {
        for (String line :
                List.of(
                        "ann veth lxcbr0",
                        "ann veth lxcbr0 many",
                        "ann veth lxcbr0 -1",
                        "ann veth lxcbr0 99999999999",
                        "ann veth lxcbr0 2 3",
                        "#ann veth lxcbr0 2",
                        "ann veth a-name-that-is-too-long 2",
                        "@ veth lxcbr0 2",
                        "ann,veth,lxcbr0,2")) {
            assertEquals(List.of(), Usernet.parse(line).lines(), line);
        }
    }

    @Test
    void usesLinesUpOneAfterTheOther() {
        List<Line> lines =
                List.of(
                        new Line("ann", "veth", "lxcbr0", 0),
                        new Line("ann", "veth", "lxcbr0", 1),
                        new Line("@staff", "veth", "lxcbr0", 2));
        assertEquals(Optional.of(lines.get(1)), Usernet.firstFree(lines, _ -> 0));
        assertEquals(Optional.of(lines.get(2)), Usernet.firstFree(lines, l -> l.isGroup() ? 1 : 5));
        assertEquals(Optional.empty(), Usernet.firstFree(lines, _ -> 2));
    }

    @Test
    void cve_2026_39402_labelsAreComparedWordByWord() {
        NicLabel label = new NicLabel("ann", "lxcbr0", "0123456789abcdef");
        assertEquals(Optional.of(label), NicLabel.parse(label.render()));
        assertTrue(label.counts(new Line("ann", "veth", "lxcbr0", 1)));
        assertFalse(label.counts(new Line("an", "veth", "lxcbr0", 1)));
        assertFalse(label.counts(new Line("ann", "veth", "lxcbr", 1)));
        for (String other : List.of("", "atoll-nic", "mine", "atoll-nic a b c d")) {
            assertEquals(Optional.empty(), NicLabel.parse(other));
        }
    }

    private static byte[] packet(String... words) {
        return (String.join("\0", words) + "\0").getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void readsRequests() {
        NicRequest request =
                NicRequest.decode(packet("create", "/lxc", "c1", "veth", "lxcbr0", "eth0"));
        assertEquals(NicRequest.Verb.CREATE, request.verb());
        assertEquals("lxcbr0", request.bridge());
        assertEquals("eth0", request.nic());
        assertEquals(16, request.key(1000).length());
        assertFalse(request.key(1000).equals(request.key(1001)));
    }

    @Test
    void refusesWhatIsNoRequest() {
        List<byte[]> wrong =
                List.of(
                        new byte[0],
                        packet(),
                        packet("create"),
                        packet("make", "/lxc", "c1", "veth", "lxcbr0", "eth0"),
                        packet("create", "/lxc", "c1", "veth", "lxcbr0", "eth0", "more"),
                        packet("create", "/lxc", "c1", "veth", "lxcbr0", "an-interface-name"),
                        packet("create", "/lxc", "c1", "veth", "lxcbr0", ""),
                        packet("create", "/lxc", "c1", "veth", "lxcbr0", ".."),
                        packet("create", "/lxc", "c1", "veth", "lxc/br0", "eth0"),
                        packet("create", "/lxc", "c1", "veth", "lxcbr0", "eth 0"),
                        new byte[] {'c', (byte) 0xff, 0});
        for (byte[] bytes : wrong) {
            assertThrows(InvalidConfigException.class, () -> NicRequest.decode(bytes));
        }
    }

    /// Whatever comes, it is understood or refused with a sentence.
    @Test
    void survivesAnything() {
        long seed = 20_261_121L;
        Random random = new Random(seed);
        byte[] model = packet("create", "/lxc", "c1", "veth", "lxcbr0", "eth0");
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = model.clone();
            for (int j = random.nextInt(6); j >= 0; j--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                NicRequest request = NicRequest.decode(bytes);
                assertTrue(request.nic().length() <= 15, "seed " + seed);
            } catch (InvalidConfigException e) {
                assertFalse(e.getMessage().isEmpty(), "seed " + seed);
            }
            Usernet parsed = Usernet.parse(new String(bytes, StandardCharsets.ISO_8859_1));
            assertTrue(parsed.lines().size() < 10, "seed " + seed);
        }
    }
}
