package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.cli.CliRun;
import io.atoll.client.FakeServer;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class NetworkInfoTest {
    private static final String STATE =
            """
            {"hwaddr":"00:16:3e:01:02:03","mtu":1500,"state":"up","type":"broadcast",
            "addresses":[{"family":"inet","address":"10.5.0.1","netmask":"24","scope":"global"}],
            "counters":null,"bridge":null,"firewall":%s,"bgp":%s}
            """;

    private static String shown(String firewall, String bgp) throws IOException {
        try (FakeServer server = FakeServer.start()) {
            server.onSync(
                    "GET /1.0/networks/br0/state",
                    STATE.formatted(firewall, bgp).replace("\n", ""));
            CliRun cli = new CliRun(server);
            assertEquals(0, cli.run("network", "info", "br0"), cli.err());
            return cli.out();
        }
    }

    @Test
    void saysWhatOtherFirewallsWereTold() throws IOException {
        String note = "two rules in the chain DOCKER-USER let br0 pass";
        assertTrue(shown("[\"" + note + "\"]", "[]").endsWith("\nFirewall:\n  " + note + "\n"));
        assertFalse(shown("[]", "[]").contains("Firewall"));
        assertTrue(shown("[]", "null").contains("10.5.0.1/24 (global)"));
    }

    @Test
    void saysHowItStandsWithRouters() throws IOException {
        String note = "192.0.2.1 (AS64513): established, 3 routes announced";
        assertTrue(shown("[]", "[\"" + note + "\"]").endsWith("\nBGP:\n  " + note + "\n"));
        assertFalse(shown("[]", "[]").contains("BGP"));
    }
}
