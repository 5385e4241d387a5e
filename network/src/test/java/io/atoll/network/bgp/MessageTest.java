package io.atoll.network.bgp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.net.IpNetwork;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Messages against bytes put together by hand from RFC 4271, 4724, 4760, 5492 and 6793.
class MessageTest {
    private static final String MARKER = "ff".repeat(16);
    private static final BgpIdentity SELF =
            new BgpIdentity(64_512, (Inet4Address) address("192.0.2.1"));
    private static final BgpIdentity WIDE =
            new BgpIdentity(4_200_000_001L, (Inet4Address) address("192.0.2.1"));

    /// AS 64513, 90 s, 192.0.2.2, IPv4 and IPv6, four octets.
    private static final String OPEN =
            "04 fc01 005a c0000202 14 0212 0104 0001 00 01 0104 0002 00 01 4104 0000fc01";

    private static InetAddress address(String text) {
        return IpNetwork.parseAddress(text).orElseThrow();
    }

    private static List<IpNetwork> routes(String... texts) {
        return Stream.of(texts).map(t -> IpNetwork.parse(t).orElseThrow()).toList();
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    /// A whole message.
    private static byte[] message(int type, String body) {
        byte[] content = bytes(body);
        return bytes(MARKER + "%04x%02x".formatted(19 + content.length, type) + body);
    }

    private static Optional<Message> read(byte[] bytes) {
        MessageReader reader = new MessageReader();
        reader.add(ByteBuffer.wrap(bytes));
        return reader.next();
    }

    private static void assertWritten(byte[] expected, byte[] written) {
        assertEquals(HexFormat.of().formatHex(expected), HexFormat.of().formatHex(written));
    }

    @Test
    void keepaliveIsAHeader() {
        assertWritten(message(4, ""), MessageWriter.keepalive());
        assertEquals(Optional.of(new Message.Keepalive()), read(MessageWriter.keepalive()));
    }

    @Test
    void openSaysWhatWeCan() {
        assertWritten(
                message(
                        1,
                        "04 fc00 00b4 c0000201 22 0220 0104 0001 00 01 0104 0002 00 01 0200 4104"
                                + " 0000fc00 400a 8078 0001 01 80 0002 01 80"),
                MessageWriter.open(SELF, 180, true));
    }

    @Test
    void numberOfFourOctetsIsInItsCapability() {
        byte[] open = MessageWriter.open(WIDE, 90, false);
        assertEquals("5ba0", HexFormat.of().formatHex(open, 20, 22));
        assertEquals(
                Optional.of(
                        new Message.Open(
                                4_200_000_001L,
                                90,
                                0xc000_0201L,
                                Set.of(Family.IPV4, Family.IPV6),
                                true)),
                read(open));
    }

    @Test
    void readsAnOpen() {
        assertEquals(
                Optional.of(
                        new Message.Open(
                                64_513, 90, 0xc000_0202L, Set.of(Family.IPV4, Family.IPV6), true)),
                read(message(1, OPEN)));
    }

    @Test
    void speakerWithoutCapabilitiesTakesIpv4() {
        assertEquals(
                Optional.of(new Message.Open(64_513, 0, 0xc000_0202L, Set.of(Family.IPV4), false)),
                read(message(1, "04 fc01 0000 c0000202 00")));
    }

    @Test
    void unknownCapabilitiesAreSkipped() {
        assertTrue(read(message(1, "04 fc01 005a c0000202 06 0204 4602 0102")).isPresent());
    }

    @Test
    void announcesIpv4() {
        assertWritten(
                message(
                        2,
                        "0000 0014 4001 01 00 4002 06 02 01 0000fc00 4003 04 c0000201"
                                + " 18 cb0071 20 c6336407 00"),
                MessageWriter.announce(
                        SELF,
                        false,
                        true,
                        address("192.0.2.1"),
                        routes("203.0.113.0/24", "198.51.100.7/32", "0.0.0.0/0")));
    }

    @Test
    void announcesIpv6() {
        assertWritten(
                message(
                        2,
                        "0000 0034 800e 24 0002 01 10 20010db8000000000000000000000001 00"
                                + " 40 20010db800010000 21 20010db800"
                                + " 4001 01 00 4002 06 02 01 0000fc00"),
                MessageWriter.announce(
                        SELF,
                        false,
                        true,
                        address("2001:db8::1"),
                        routes("2001:db8:1::/64", "2001:db8::/33")));
    }

    @Test
    void neighbourInsideGetsAPreferenceAndNoPath() {
        assertWritten(
                message(
                        2,
                        "0000 0015 4001 01 00 4002 00 4003 04 c0000201 4005 04 00000064"
                                + " 18 cb0071"),
                MessageWriter.announce(
                        SELF, true, true, address("192.0.2.1"), routes("203.0.113.0/24")));
    }

    @Test
    void speakerOfShortNumbersGetsTheLongPathBeside() {
        assertWritten(
                message(
                        2,
                        "0000 001b 4001 01 00 4002 04 02 01 5ba0 4003 04 c0000201"
                                + " c011 06 02 01 fa56ea01 18 cb0071"),
                MessageWriter.announce(
                        WIDE, false, false, address("192.0.2.1"), routes("203.0.113.0/24")));
    }

    @Test
    void withdraws() {
        assertWritten(
                message(2, "0004 18 cb0071 0000"),
                MessageWriter.withdraw(Family.IPV4, routes("203.0.113.0/24")));
        assertWritten(
                message(2, "0000 000f 800f 0c 0002 01 40 20010db800010000"),
                MessageWriter.withdraw(Family.IPV6, routes("2001:db8:1::/64")));
    }

    @Test
    void marksTheEndOfWhatThereIs() {
        assertWritten(message(2, "0000 0000"), MessageWriter.withdraw(Family.IPV4, List.of()));
        assertWritten(
                message(2, "0000 0006 800f 03 0002 01"),
                MessageWriter.withdraw(Family.IPV6, List.of()));
    }

    @Test
    void fullMessagesAreShortEnough() {
        List<IpNetwork> all = new ArrayList<>();
        for (int i = 0; i < MessageWriter.ROUTES_MAX; i++) {
            all.add(new IpNetwork(address("2001:db8::" + Integer.toHexString(i)), 128));
        }
        byte[] announced = MessageWriter.announce(WIDE, true, false, address("2001:db8::1"), all);
        assertTrue(announced.length <= MessageReader.MESSAGE_BYTES_MAX);
        assertTrue(
                MessageWriter.withdraw(Family.IPV6, all).length <= MessageReader.MESSAGE_BYTES_MAX);
    }

    @Test
    void readsMessagesHoweverTheyAreCut() {
        byte[] open = message(1, OPEN);
        MessageReader reader = new MessageReader();
        for (int i = 0; i < open.length - 1; i++) {
            reader.add(ByteBuffer.wrap(open, i, 1));
            assertEquals(Optional.empty(), reader.next());
        }
        reader.add(ByteBuffer.wrap(open, open.length - 1, 1));
        reader.add(ByteBuffer.wrap(message(4, "")));
        assertTrue(reader.next().orElseThrow() instanceof Message.Open);
        assertTrue(reader.next().orElseThrow() instanceof Message.Keepalive);
        assertEquals(Optional.empty(), reader.next());
    }

    @Test
    void readsWhyItEnds() {
        assertEquals(
                Optional.of(new Message.Notification(6, 2)), read(message(3, "0602 0568656c6c6f")));
        assertEquals(Optional.of(new Message.Refresh(2)), read(message(5, "0002 00 01")));
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, '00000000000000000000000000000000 0013 04'",
        "1, 2, 'ffffffffffffffffffffffffffffffff 0012 04'",
        "1, 2, 'ffffffffffffffffffffffffffffffff 1001 02'",
        "1, 2, 'ffffffffffffffffffffffffffffffff 0014 04 00'",
        "1, 2, 'ffffffffffffffffffffffffffffffff 0016 02 000000'",
        "1, 2, 'ffffffffffffffffffffffffffffffff 0014 03 06'",
        "1, 3, 'ffffffffffffffffffffffffffffffff 0013 09'",
        "2, 1, 'ffffffffffffffffffffffffffffffff 001d 01 03 fc01 005a c0000202 00'",
        "2, 6, 'ffffffffffffffffffffffffffffffff 001d 01 04 fc01 0002 c0000202 00'",
        "2, 3, 'ffffffffffffffffffffffffffffffff 001d 01 04 fc01 005a 00000000 00'",
        "2, 0, 'ffffffffffffffffffffffffffffffff 001d 01 04 fc01 005a c0000202 05'",
        "2, 4, 'ffffffffffffffffffffffffffffffff 001f 01 04 fc01 005a c0000202 02 0900'",
        "2, 0, 'ffffffffffffffffffffffffffffffff 001f 01 04 fc01 005a c0000202 02 0209'",
        "2, 0, 'ffffffffffffffffffffffffffffffff 0022 01 04 fc01 005a c0000202 05 0203 410100'",
    })
    void saysWhatIsWrong(int code, int subcode, String hex) {
        Fault fault = assertThrows(Fault.class, () -> read(bytes(hex)));
        byte[] said = fault.encode();
        assertEquals(code, said[19], fault.getMessage());
        assertEquals(subcode, said[20], fault.getMessage());
    }
}
