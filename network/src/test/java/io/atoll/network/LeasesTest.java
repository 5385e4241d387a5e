package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.MacAddress;
import java.net.Inet4Address;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LeasesTest {
    @Test
    void readsBothFamilies() {
        List<Lease> leases =
                Leases.parse(
                        """
                        1795223450 00:16:3e:7c:35:58 10.70.215.7 c1 ff:3e:7c:35:58:00:01
                        1795223451 00:16:3e:7c:35:59 10.70.215.8 * *
                        duid 00:01:00:01:32:93:a2:bb:00:16:3e:70:5e:4c
                        1795223460 1048340824 fd42::42 c1 00:03:00:01:00:16:3e:7c:35:58
                        1795223460 1048340824 fd42::43 * 00:02:00:00:ab:11
                        17952
                        """);
        assertEquals(4, leases.size());
        assertEquals("c1", leases.get(0).hostname());
        assertEquals("", leases.get(1).hostname());
        assertEquals("00:16:3e:7c:35:58", leases.get(2).mac().orElseThrow().text());
        assertTrue(leases.get(3).mac().isEmpty());
    }

    @Test
    void writesHostFiles() {
        MacAddress mac = new MacAddress("00:16:3e:00:00:01");
        Inet4Address address = (Inet4Address) IpNetwork.parseAddress("10.0.0.5").orElseThrow();
        StaticHost host =
                new StaticHost(
                        "c1.eth0", mac, Optional.of(address), Optional.empty(), Optional.of("c1"));
        assertEquals("00:16:3e:00:00:01,10.0.0.5,c1\n", Leases.render(host));
        Lease lease = Leases.parseHost(Leases.render(host)).getFirst();
        assertEquals(new Lease("c1", Optional.of(mac), address, Lease.Kind.STATIC), lease);
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new StaticHost(
                                "../x", mac, Optional.empty(), Optional.empty(), Optional.empty()));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new StaticHost(
                                "x", mac, Optional.empty(), Optional.empty(), Optional.of("a,b")));
    }

    @Test
    void computesTheAddressThatACardGivesItself() {
        IpNetwork network = IpNetwork.parse("fd42:2928:bbb4:d1fd::1/64").orElseThrow();
        assertEquals(
                "fd42:2928:bbb4:d1fd:216:3eff:fe7c:3558",
                IpNetwork.text(
                        Leases.eui64(network, new MacAddress("00:16:3e:7c:35:58")).orElseThrow()));
    }

    @Test
    void choosesNetworksThatNobodyUses() {
        List<IpNetwork> taken = List.of(IpNetwork.parse("10.0.0.0/9").orElseThrow());
        for (int i = 0; i < 200; i++) {
            IpNetwork chosen = new AddressPool(new java.util.Random(i), taken).ipv4();
            assertTrue(
                    chosen.toString().matches("10\\.(1[2-9][0-9]|2[0-5][0-9])\\.[0-9]+\\.1/24"),
                    chosen.toString());
        }
        assertTrue(
                new AddressPool(new java.util.Random(1), taken)
                        .ipv6()
                        .toString()
                        .startsWith("fd42:"));
    }
}
