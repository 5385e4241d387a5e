package io.atoll.daemon.dns;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnavailableException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.Type;
import org.xbill.DNS.ZoneTransferIn;

/// Zones as other name servers fetch them.
class ZoneAnswersTest {
    private static final InetAddress FRIEND = InetAddress.ofLiteral("192.0.2.7");
    private static final InetAddress STRANGER = InetAddress.ofLiteral("192.0.2.8");
    private static final String SECRET = "c2VjcmV0LW9mLXR3by1zZXJ2ZXJz";

    private final List<ZoneEntry> entries =
            new ArrayList<>(List.of(new ZoneEntry("c1", "A", 300, "10.0.0.5")));
    private final AtomicLong now = new AtomicLong(1000);
    private List<ServedZone.Peer> peers =
            List.of(new ServedZone.Peer("ns", Optional.of(FRIEND), Optional.empty()));
    private final InstantSource clock = () -> Instant.ofEpochSecond(now.get());
    private final ZoneAnswers answers = new ZoneAnswers(this::find, clock);

    private Optional<ServedZone> find(String name) {
        return name.equals("example.net")
                ? Optional.of(
                        new ServedZone(
                                name, List.of("ns1.example.org"), peers, List.copyOf(entries)))
                : Optional.empty();
    }

    private static Message ask(String name, int type) throws IOException {
        return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    }

    private List<Message> answers(Message query, InetAddress asker, boolean isStream)
            throws IOException {
        List<Message> out = new ArrayList<>();
        for (byte[] message : answers.to(query.toWire(Message.MAXLENGTH), asker, isStream)) {
            out.add(new Message(message));
        }
        return out;
    }

    private int code(String name, int type, InetAddress asker, boolean isStream)
            throws IOException {
        return answers(ask(name, type), asker, isStream).getFirst().getRcode();
    }

    private long serial() throws IOException {
        Message answer = answers(ask("example.net.", Type.SOA), FRIEND, false).getFirst();
        return ((SOARecord) answer.getSection(Section.ANSWER).getFirst()).getSerial();
    }

    /// The library refuses a time to live of more than 31 bits with an exception of its own where a
    /// message is an update.
    @Test
    void whatCannotBeReadIsNotAnswered() {
        byte[] update = {0, 1, 0x28, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0};
        assertEquals(1, answers.to(update, FRIEND, true).size());
        update[17] = (byte) 0x80;
        assertEquals(List.of(), answers.to(update, FRIEND, true));
    }

    @Test
    void aTransferBeginsAndEndsWithItsVersion() throws IOException {
        List<Record> all =
                answers(ask("EXAMPLE.net.", Type.AXFR), FRIEND, true)
                        .getFirst()
                        .getSection(Section.ANSWER);
        assertEquals(
                List.of(Type.SOA, Type.NS, Type.A, Type.SOA),
                all.stream().map(Record::getType).toList());
        assertEquals("10.0.0.5", all.get(2).rdataToString());
        assertEquals(Name.fromString("c1.example.net."), all.get(2).getName());
    }

    @Test
    void onlyWhoMayHaveItGetsIt() throws IOException {
        assertEquals(Rcode.NOERROR, code("example.net.", Type.AXFR, FRIEND, true));
        assertEquals(Rcode.REFUSED, code("example.net.", Type.AXFR, STRANGER, true));
        assertEquals(Rcode.REFUSED, code("example.net.", Type.SOA, STRANGER, false));
        assertEquals(Rcode.REFUSED, code("example.org.", Type.AXFR, FRIEND, true), "no such zone");
        assertEquals(Rcode.REFUSED, code("example.net.", Type.AXFR, FRIEND, false), "by UDP");
        assertEquals(Rcode.NOTIMP, code("c1.example.net.", Type.A, FRIEND, true), "a resolver");
        peers = List.of();
        assertEquals(Rcode.REFUSED, code("example.net.", Type.AXFR, FRIEND, true), "nobody");
    }

    @Test
    void whatIsNoQuestionGetsNoAnswer() throws IOException {
        assertTrue(answers.to(new byte[] {1, 2, 3}, FRIEND, true).isEmpty());
        assertTrue(answers.to(new byte[0], FRIEND, false).isEmpty());
        Message answer = answers(ask("example.net.", Type.SOA), FRIEND, false).getFirst();
        assertTrue(answers(answer, FRIEND, false).isEmpty(), "two servers would talk for ever");
    }

    /// Found by fuzzing: one that was cut off counts records that it does not have.
    @Test
    void aQuestionThatWasCutOffIsMalformed() throws IOException {
        byte[] cut = ask("example.net.", Type.SOA).toWire(Message.MAXLENGTH);
        cut[2] |= 2; // TC
        cut[11] = 1; // one additional record
        assertEquals(
                Rcode.FORMERR, new Message(answers.to(cut, FRIEND, false).getFirst()).getRcode());
    }

    @Test
    void theSerialNumberRisesWithEachChangeOnly() throws IOException {
        assertEquals(1000, serial());
        now.set(2000);
        assertEquals(1000, serial());
        entries.add(new ZoneEntry("c2", "A", 300, "10.0.0.6"));
        assertEquals(2000, serial());
        entries.removeLast();
        assertEquals(2001, serial(), "within a second");
    }

    @Test
    void aLongZoneTakesSeveralMessages() throws IOException {
        for (int i = 0; i < 2000; i++) {
            entries.add(new ZoneEntry("host" + i, "AAAA", 300, "fd00::" + Integer.toHexString(i)));
        }
        List<Message> messages = answers(ask("example.net.", Type.AXFR), FRIEND, true);
        assertTrue(messages.size() > 2, messages.size() + " messages");
        int records = messages.stream().mapToInt(m -> m.getSection(Section.ANSWER).size()).sum();
        assertEquals(2000 + 4, records);
    }

    private static TSIG key(String peer, String secret) {
        return new TSIG(TSIG.HMAC_SHA256, "example.net_" + peer + ".", secret);
    }

    private int signed(TSIG key, InetAddress asker) throws IOException {
        Message query = ask("example.net.", Type.AXFR);
        query.setTSIG(key);
        return answers(query, asker, true).getFirst().getRcode();
    }

    @Test
    void aKeyIsAskedForWhereThereIsOne() throws IOException {
        peers = List.of(new ServedZone.Peer("ns", Optional.empty(), Optional.of(SECRET)));
        // Signatures are of this very moment.
        assertEquals(Rcode.NOERROR, signed(key("ns", SECRET), STRANGER));
        assertEquals(Rcode.REFUSED, signed(key("ns", "b3RoZXI="), STRANGER));
        assertEquals(Rcode.REFUSED, signed(key("other", SECRET), STRANGER));
        assertEquals(Rcode.REFUSED, code("example.net.", Type.AXFR, STRANGER, true), "without");
        peers = List.of(new ServedZone.Peer("ns", Optional.of(FRIEND), Optional.of(SECRET)));
        assertEquals(Rcode.REFUSED, signed(key("ns", SECRET), STRANGER), "from elsewhere");
        assertEquals(Rcode.NOERROR, signed(key("ns", SECRET), FRIEND));
    }

    @Test
    void linesAreChecked() {
        new ZoneEntry("@", "MX", 60, "10 mail").check("example.net");
        new ZoneEntry("*.web", "CNAME", 60, "c1").check("example.net");
        new ZoneEntry("t", "TXT", 0, "\"v=spf1 -all\"").check("example.net");
        for (ZoneEntry wrong :
                List.of(
                        new ZoneEntry("c1", "A", 60, "10.0.0.256"),
                        new ZoneEntry("c1", "A", 60, "10.0.0.5 10.0.0.6"),
                        new ZoneEntry("c1", "NOSUCH", 60, "x"),
                        new ZoneEntry("c1", "AXFR", 60, "x"),
                        new ZoneEntry("c1", "SOA", 60, "a b 1 2 3 4 5"),
                        new ZoneEntry("c1", "MX", 60, "mail"),
                        new ZoneEntry("c1", "A", -1, "10.0.0.5"),
                        new ZoneEntry("a..b", "A", 60, "10.0.0.5"))) {
            assertThrows(
                    InvalidConfigException.class,
                    () -> wrong.check("example.net"),
                    wrong.toString());
        }
    }

    /// More of them than there may be connections, and again and again.
    @Test
    void thoseWhoSayNothingKeepNobodyFromAnswers() throws IOException {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        peers = List.of(new ServedZone.Peer("ns", Optional.of(loopback), Optional.empty()));
        List<Socket> silent = new ArrayList<>();
        try (DnsServer server = DnsServer.listen(new InetSocketAddress(loopback, 0), this::find)) {
            for (int i = 0; i < 3; i++) {
                for (int n = 0; n <= DnsServer.CONNECTIONS_MAX; n++) {
                    Socket socket = new Socket(loopback, server.port());
                    silent.add(socket);
                    socket.getOutputStream().write(0);
                }
                try (Socket friend = new Socket(loopback, server.port())) {
                    friend.setSoTimeout(5000);
                    byte[] question = ask("example.net.", Type.SOA).toWire(Message.MAXLENGTH);
                    DataOutputStream out = new DataOutputStream(friend.getOutputStream());
                    out.writeShort(question.length);
                    out.write(question);
                    DataInputStream in = new DataInputStream(friend.getInputStream());
                    Message answer = new Message(in.readNBytes(in.readUnsignedShort()));
                    assertEquals(Rcode.NOERROR, answer.getRcode());
                }
            }
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    /// With another's client over real sockets.
    @Test
    void servesOverSockets() throws Exception {
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        peers = List.of(new ServedZone.Peer("ns", Optional.of(loopback), Optional.of(SECRET)));
        for (int i = 0; i < 1500; i++) {
            entries.add(new ZoneEntry("host" + i, "AAAA", 300, "fd00::" + Integer.toHexString(i)));
        }
        try (DnsServer server = DnsServer.listen(new InetSocketAddress(loopback, 0), this::find)) {
            ZoneTransferIn transfer =
                    ZoneTransferIn.newAXFR(
                            Name.fromString("example.net."),
                            "127.0.0.1",
                            server.port(),
                            key("ns", SECRET));
            transfer.run();
            assertEquals(1500 + 4, transfer.getAXFR().size());
            assertThrows(
                    UnavailableException.class,
                    () ->
                            DnsServer.listen(
                                    new InetSocketAddress(loopback, server.port()), this::find));
            try (Socket rubbish = new Socket(loopback, server.port())) {
                DataOutputStream out = new DataOutputStream(rubbish.getOutputStream());
                out.writeShort(3);
                out.write(new byte[] {1, 2, 3});
                assertEquals(-1, new DataInputStream(rubbish.getInputStream()).read());
            }
        }
    }
}
