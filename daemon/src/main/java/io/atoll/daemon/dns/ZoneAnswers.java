package io.atoll.daemon.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TSIGRecord;
import org.xbill.DNS.Type;

/// What is answered to other name servers: whole zones (AXFR, RFC 5936; IXFR is answered with one
/// too) and their beginning (SOA), to those who may have them. Everything else is refused: this is
/// no server for resolvers.
///
/// The serial number of a zone is the second in which it was last seen to be another.
final class ZoneAnswers {
    /// How much goes into one message of a transfer.
    private static final int MESSAGE_BYTES = 16 * 1024;

    private static final int REFRESH_SECONDS = 120;
    private static final int RETRY_SECONDS = 60;
    private static final int EXPIRE_SECONDS = 86_400;
    private static final int MINIMUM_SECONDS = 30;
    private static final int SOA_TTL_SECONDS = 3600;

    private final ServedZone.Source zones;
    private final InstantSource clock;
    private final Map<String, Version> versions = new ConcurrentHashMap<>();

    /// What a zone was like, and since when.
    private record Version(ServedZone zone, long serial) {}

    ZoneAnswers(ServedZone.Source zones, InstantSource clock) {
        this.zones = zones;
        this.clock = clock;
    }

    /// The messages that answer a question, in order; none to what cannot be read.
    ///
    /// @param isStream whether it came by TCP, so that the answer may be long
    List<byte[]> to(byte[] question, InetAddress asker, boolean isStream) {
        Message query;
        try {
            query = new Message(question);
        } catch (IOException | RuntimeException _) {
            // The library throws both for what it cannot read.
            return List.of();
        }
        if (query.getHeader().getFlag(Flags.QR)) {
            return List.of();
        }
        return answer(query, question, asker, isStream);
    }

    private List<byte[]> answer(Message query, byte[] raw, InetAddress asker, boolean isStream) {
        Record asked = query.getQuestion();
        boolean isQuery = query.getHeader().getOpcode() == Opcode.QUERY;
        boolean isWhole =
                asked != null
                        && query.getHeader().getCount(Section.QUESTION) == 1
                        // What is cut off may count records that it does not have.
                        && !query.getHeader().getFlag(Flags.TC);
        if (!isQuery || !isWhole) {
            return refuse(query, isQuery ? Rcode.FORMERR : Rcode.NOTIMP);
        }
        boolean isTransfer = asked.getType() == Type.AXFR || asked.getType() == Type.IXFR;
        if (!isTransfer && asked.getType() != Type.SOA || asked.getDClass() != DClass.IN) {
            return refuse(query, Rcode.NOTIMP);
        }
        Optional<ServedZone> zone =
                zones.find(asked.getName().toString(true).toLowerCase(Locale.ROOT));
        Optional<Pass> pass = zone.flatMap(z -> pass(z, query, raw, asker));
        // Who may not have a zone does not learn whether it exists.
        if (zone.isEmpty() || pass.isEmpty()) {
            return refuse(query, Rcode.REFUSED);
        }
        if (isTransfer && !isStream) {
            // To an IXFR by UDP the current beginning says: come by TCP; RFC 1995.
            return asked.getType() == Type.AXFR
                    ? refuse(query, Rcode.REFUSED)
                    : List.of(sign(reply(query, List.of(soa(zone.get()))), query, pass.get()));
        }
        return isTransfer
                ? transfer(query, zone.get(), pass.get())
                : List.of(sign(reply(query, List.of(soa(zone.get()))), query, pass.get()));
    }

    /// How someone may come in.
    private record Pass(Optional<TSIG> key) {}

    private static Optional<Pass> pass(
            ServedZone zone, Message query, byte[] raw, InetAddress asker) {
        for (ServedZone.Peer peer : zone.peers()) {
            if (peer.address().isPresent() && !peer.address().get().equals(asker)) {
                continue;
            }
            if (peer.key().isPresent()) {
                TSIG key = key(zone, peer);
                TSIGRecord signature = query.getTSIG();
                boolean isSigned =
                        signature != null
                                && signature.getName().equals(keyName(zone, peer))
                                && key.verify(query, raw, null) == Rcode.NOERROR;
                if (isSigned) {
                    return Optional.of(new Pass(Optional.of(key)));
                }
            } else if (peer.address().isPresent()) {
                return Optional.of(new Pass(Optional.empty()));
            }
        }
        return Optional.empty();
    }

    private static Name keyName(ServedZone zone, ServedZone.Peer peer) {
        return ZoneEntry.name(zone.name() + "_" + peer.name());
    }

    private static TSIG key(ServedZone zone, ServedZone.Peer peer) {
        byte[] secret = java.util.Base64.getDecoder().decode(peer.key().orElseThrow());
        return new TSIG(TSIG.HMAC_SHA256, keyName(zone, peer), secret);
    }

    private static List<byte[]> refuse(Message query, int code) {
        Message reply = new Message(query.getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.getHeader().setOpcode(query.getHeader().getOpcode());
        reply.getHeader().setRcode(code);
        Record question = query.getQuestion();
        if (question != null) {
            reply.addRecord(question, Section.QUESTION);
        }
        return List.of(reply.toWire());
    }

    private static Message reply(Message query, List<Record> answers) {
        Message reply = new Message(query.getHeader().getID());
        Header header = reply.getHeader();
        header.setFlag(Flags.QR);
        header.setFlag(Flags.AA);
        Record question = query.getQuestion();
        if (question != null) {
            reply.addRecord(question, Section.QUESTION);
        }
        answers.forEach(answer -> reply.addRecord(answer, Section.ANSWER));
        return reply;
    }

    private static byte[] sign(Message reply, Message query, Pass pass) {
        pass.key().ifPresent(key -> key.apply(reply, query.getTSIG()));
        return reply.toWire(Message.MAXLENGTH);
    }

    private SOARecord soa(ServedZone zone) {
        Name own = ZoneEntry.name(zone.name());
        Name first =
                zone.nameservers().isEmpty()
                        ? ZoneEntry.name("ns1." + zone.name())
                        : ZoneEntry.name(zone.nameservers().getFirst());
        return new SOARecord(
                own,
                DClass.IN,
                SOA_TTL_SECONDS,
                first,
                ZoneEntry.name("hostmaster." + zone.name()),
                serial(zone),
                REFRESH_SECONDS,
                RETRY_SECONDS,
                EXPIRE_SECONDS,
                MINIMUM_SECONDS);
    }

    private long serial(ServedZone zone) {
        long now = clock.instant().getEpochSecond();
        return versions.compute(
                        zone.name(),
                        (_, known) ->
                                known != null && known.zone().equals(zone)
                                        ? known
                                        : new Version(
                                                zone,
                                                known == null
                                                        ? now
                                                        : Math.max(now, known.serial() + 1)))
                .serial();
    }

    private List<byte[]> transfer(Message query, ServedZone zone, Pass pass) {
        Name own = ZoneEntry.name(zone.name());
        SOARecord soa = soa(zone);
        List<Record> all = new ArrayList<>();
        all.add(soa);
        for (String server : zone.nameservers()) {
            all.add(new NSRecord(own, DClass.IN, SOA_TTL_SECONDS, ZoneEntry.name(server)));
        }
        zone.entries().forEach(entry -> all.add(entry.compile(own)));
        all.add(soa);
        List<Message> messages = new ArrayList<>();
        List<Record> batch = new ArrayList<>();
        int bytes = 0;
        for (Record record : all) {
            int size = record.toWire(Section.ANSWER).length;
            if (bytes + size > MESSAGE_BYTES) {
                messages.add(reply(query, batch));
                batch.clear();
                bytes = 0;
            }
            batch.add(record);
            bytes += size;
        }
        messages.add(reply(query, batch));
        if (pass.key().isEmpty()) {
            return messages.stream().map(m -> m.toWire(Message.MAXLENGTH)).toList();
        }
        TSIG.StreamGenerator signer = new TSIG.StreamGenerator(pass.key().get(), query.getTSIG());
        List<byte[]> out = new ArrayList<>();
        for (Message message : messages) {
            signer.generate(message);
            out.add(message.toWire(Message.MAXLENGTH));
        }
        return out;
    }
}
