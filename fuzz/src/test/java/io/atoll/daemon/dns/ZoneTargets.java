package io.atoll.daemon.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.xbill.DNS.Message;

/// Questions of other name servers.
public final class ZoneTargets {
    private static final InetAddress FRIEND = InetAddress.ofLiteral("192.0.2.7");
    private static final InetAddress STRANGER = InetAddress.ofLiteral("192.0.2.8");
    private static final ServedZone ZONE =
            new ServedZone(
                    "example.net",
                    List.of("ns1.example.org"),
                    List.of(
                            new ServedZone.Peer("ns", Optional.of(FRIEND), Optional.empty()),
                            new ServedZone.Peer(
                                    "key", Optional.empty(), Optional.of("c2VjcmV0LW9mLXR3bw=="))),
                    List.of(new ZoneEntry("c1", "A", 300, "10.0.0.5")));

    private ZoneTargets() {}

    /// Only who may have the zone is told of its entries, and answers can be read.
    public static void answers(byte[] input) throws IOException {
        ZoneAnswers answers =
                new ZoneAnswers(
                        name -> name.equals(ZONE.name()) ? Optional.of(ZONE) : Optional.empty(),
                        () -> Instant.EPOCH);
        for (boolean isStream : new boolean[] {true, false}) {
            for (byte[] answer : answers.to(input, FRIEND, isStream)) {
                Message _ = new Message(answer);
            }
            for (byte[] answer : answers.to(input, STRANGER, isStream)) {
                if (new Message(answer).toString().contains("10.0.0.5")) {
                    throw new AssertionError("a stranger was told");
                }
            }
        }
    }
}
