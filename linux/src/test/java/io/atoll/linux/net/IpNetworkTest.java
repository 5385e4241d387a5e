package io.atoll.linux.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class IpNetworkTest {
    private static IpNetwork net(String text) {
        return IpNetwork.parse(text).orElseThrow();
    }

    @Test
    void writesTheShortForm() {
        assertEquals("fd42:2928:bbb4:d1fd::1/64", net("fd42:2928:bbb4:d1fd:0:0:0:1/64").toString());
        assertEquals("::/0", net("::/0").toString());
        assertEquals("1:0:0:2::/64", net("1:0:0:2:0:0:0:0/64").toString());
        assertEquals("::1/128", net("::1/128").toString());
        assertEquals("1:2:3:4:5:6:0:8/128", net("1:2:3:4:5:6:0:8/128").toString());
        assertEquals("10.0.0.1/8", net("10.0.0.1/8").toString());
    }

    @Test
    void counts() {
        IpNetwork network = net("10.1.2.3/24");
        assertEquals("10.1.2.0/24", network.network().toString());
        assertEquals("10.1.2.255", IpNetwork.text(network.last()));
        assertEquals("10.1.2.254", IpNetwork.text(network.atIndex(-2)));
        assertEquals("fd42::ffff", IpNetwork.text(net("fd42::1/112").atIndex(-1)));
        assertEquals("255.255.255.255", IpNetwork.text(net("255.255.255.0/24").last()));
    }

    @Test
    void overlaps() {
        assertTrue(net("10.0.0.0/8").overlaps(net("10.1.2.0/24")));
        assertTrue(net("10.1.2.0/24").overlaps(net("10.0.0.0/8")));
        assertFalse(net("10.1.2.0/24").overlaps(net("10.1.3.0/24")));
        assertFalse(net("0.0.0.0/0").overlaps(net("::/0")));
    }

    @Test
    void refusesWhatIsNotNumeric() {
        for (String text :
                new String[] {
                    "",
                    "host/24",
                    "1.2.3/24",
                    "1.2.3.4",
                    "1.2.3.4/33",
                    "::1/129",
                    "1.2.3.4/-1",
                    "256.1.1.1/8",
                    "01.2.3.4/8",
                    "fe80::1%eth0/64",
                    "1.2.3.4/",
                    "/24"
                }) {
            assertTrue(IpNetwork.parse(text).isEmpty(), text);
        }
    }
}
