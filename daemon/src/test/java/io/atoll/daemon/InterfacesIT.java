package io.atoll.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.daemon.http.TestClient;
import io.atoll.testkit.Room;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which addresses an interface may have at which bridge, in LXD's words.
@Tag("privileged")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class InterfacesIT {
    private static final Room ROOM = Room.take("dnic", 81);
    private static final String BRIDGE = ROOM.name() + "br";
    private static final String AT = "'type':'nic','network':'" + BRIDGE + "'";
    private static final String BY_NAME =
            "'type':'nic','nictype':'bridged','parent':'" + BRIDGE + "'";

    private LocalDaemon daemon;
    private TestClient client;

    @BeforeAll
    void open() throws IOException {
        daemon = LocalDaemon.open("atoll-" + ROOM.name() + "-");
        client = daemon.client();
        daemon.prepareInstances("dir");
        ok(
                "POST",
                "/1.0/networks",
                "{'name':'"
                        + BRIDGE
                        + "','config':{'ipv6.address':'none','ipv4.address':'"
                        + ROOM.ipv4("3.1/24")
                        + "'}}");
        create("c1", "");
        create("c2", "");
    }

    @AfterAll
    void close() throws IOException {
        try (LocalDaemon _ = daemon) {
            for (String name : List.of("c1", "c2")) {
                ok("DELETE", "/1.0/instances/" + name, "");
            }
            ok("DELETE", "/1.0/networks/" + BRIDGE, "");
        }
    }

    @AfterEach
    void removeInterfaces() throws IOException {
        for (String name : List.of("c1", "c2")) {
            String status =
                    client.get("/1.0/instances/" + name).metadata().get("status").asString();
            if (status.equals("Running")) {
                // A test that failed left it so.
                state(name, "stop");
            }
            devices(name, "");
        }
    }

    private void ok(String method, String path, String body) throws IOException {
        Json unused = daemon.ok(method, path, body);
    }

    private void create(String name, String devices) throws IOException {
        ok(
                "POST",
                "/1.0/instances",
                "{'name':'"
                        + name
                        + "','source':{'type':'image','alias':'busybox'},'devices':{"
                        + devices
                        + "}}");
    }

    private String body(String name, String devices) throws IOException {
        Json config = client.get("/1.0/instances/" + name).metadata().get("config");
        return "{'profiles':['default'],'config':"
                + config.render()
                + ",'devices':{"
                + devices
                + "}}";
    }

    private void devices(String name, String devices) throws IOException {
        ok("PUT", "/1.0/instances/" + name, body(name, devices));
    }

    private String refused(String method, String path, String body) throws IOException {
        TestClient.Answer answer = daemon.send(method, path, body);
        String url = answer.json().get("operation").asString();
        if (url.isEmpty()) {
            assertTrue(answer.status() >= 400, answer.text());
            return answer.json().get("error").asString();
        }
        Json end = client.get(url + "/wait?timeout=60").metadata();
        assertEquals("Failure", end.get("status").asString(), end.toString());
        return end.get("err").asString();
    }

    private String refused(String name, String devices) throws IOException {
        return refused("PUT", "/1.0/instances/" + name, body(name, devices));
    }

    private void state(String name, String action) throws IOException {
        ok("PUT", "/1.0/instances/" + name + "/state", "{'action':'" + action + "','force':true}");
    }

    private static String nic(String kind, String... options) {
        StringBuilder out = new StringBuilder("'n1':{").append(kind);
        for (String option : options) {
            String[] pair = option.split("=", 2);
            out.append(",'").append(pair[0]).append("':'").append(pair[1]).append('\'');
        }
        return out.append('}').toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ipv4.address=192.0.2.9"
                        + "| Cannot use manually specified ipv4.address when using unmanaged parent bridge",
                "ipv4.address=none"
                        + "| Cannot use manually specified ipv4.address when using unmanaged parent bridge",
                "ipv6.address=2001:db8::9"
                        + "| Cannot use manually specified ipv6.address when using unmanaged parent bridge",
                "security.ipv4_filtering=true"
                        + "| IPv4 filtering requires a manually specified ipv4.address when using an"
                        + " unmanaged parent bridge",
                "security.ipv6_filtering=true"
                        + "| IPv6 filtering requires a manually specified ipv6.address when using an"
                        + " unmanaged parent bridge",
            })
    void nobodyGivesOutAddressesAtABridgeThatIsNotManaged(String option, String why)
            throws IOException {
        String unmanaged = nic("'type':'nic','nictype':'bridged','parent':'nosuch0'", option);
        String words = "Device validation failed for \"n1\": " + why;
        assertEquals("Invalid devices: " + words, refused("c1", unmanaged));
        assertEquals(
                "Failed creating instance record: Failed initialising instance: Invalid devices: "
                        + words,
                refused(
                        "POST",
                        "/1.0/instances",
                        "{'name':'c3','source':{'type':'none'},'devices':{" + unmanaged + "}}"));
        assertEquals(404, client.get("/1.0/instances/c3").status());
        assertEquals(
                words,
                refused("POST", "/1.0/profiles", "{'name':'p1','devices':{" + unmanaged + "}}"));
        assertEquals(404, client.get("/1.0/profiles/p1").status());
    }

    @Test
    void aFilterMayKnowAnAddressThatNobodyGivesOut() throws IOException {
        String kind = "'type':'nic','nictype':'bridged','parent':'nosuch0'";
        devices("c1", nic(kind, "security.ipv4_filtering=true", "ipv4.address=192.0.2.9"));
        devices("c1", nic(kind, "security.ipv4_filtering=true", "ipv4.address=none"));
        devices("c1", nic(AT, "security.ipv6_filtering=true", "ipv6.address=2001:db8::9"));
    }

    @Test
    void aNetworkGivesOutItsOwnAddresses() throws IOException {
        for (String kind : List.of(AT, BY_NAME)) {
            String begin = "Invalid devices: Device validation failed for \"n1\": ";
            assertEquals(
                    begin
                            + "Device IP address \"192.0.2.9\" not within network \""
                            + BRIDGE
                            + "\" subnet",
                    refused("c1", nic(kind, "ipv4.address=192.0.2.9")));
            assertEquals(
                    begin
                            + "IP address \""
                            + ROOM.ipv4("3.1")
                            + "\" is assigned to parent managed network device \""
                            + BRIDGE
                            + "\"",
                    refused("c1", nic(kind, "ipv4.address=" + ROOM.ipv4("3.1"))));
            assertEquals(
                    begin
                            + "Cannot specify \"ipv6.address\" when DHCP or \"ipv6.dhcp.stateful\""
                            + " are disabled (unless using security.ipv6_filtering) on network \""
                            + BRIDGE
                            + "\"",
                    refused("c1", nic(kind, "ipv6.address=2001:db8::9")));
        }
        assertEquals(
                "Invalid devices: Device validation failed for \"n1\": Failed loading device"
                        + " \"n1\": Failed to load network \"nosuch\" for project \"default\":"
                        + " Network not found",
                refused("c1", nic("'type':'nic','network':'nosuch'")));
    }

    private String leases() throws IOException {
        return client.get("/1.0/networks/" + BRIDGE + "/leases").metadata().toString();
    }

    @Test
    void aBridgeByItsNameIsItsNetwork() throws IOException {
        devices("c1", nic(BY_NAME, "ipv4.address=" + ROOM.ipv4("3.20")));
        state("c1", "start");
        assertTrue(leases().contains(ROOM.ipv4("3.20")), leases());
        devices("c1", nic(BY_NAME, "ipv4.address=" + ROOM.ipv4("3.21")));
        assertTrue(leases().contains(ROOM.ipv4("3.21")), leases());
        // The same interface by its other name.
        devices("c1", nic(AT, "ipv4.address=" + ROOM.ipv4("3.21")));
        assertTrue(leases().contains(ROOM.ipv4("3.21")), leases());
        state("c1", "stop");
    }

    @Test
    void noAddressIsGivenOutTwice() throws IOException {
        String mac = "00:16:3e:a1:00:01";
        String taken = ROOM.ipv4("3.30");
        devices("c1", nic(AT, "hwaddr=" + mac, "ipv4.address=" + taken));
        String ip = "IP address \"" + taken + "\" already defined on another NIC";
        for (String kind : List.of(AT, BY_NAME)) {
            assertEquals(
                    "Failed add validation for device \"n1\": " + ip,
                    refused("c2", nic(kind, "ipv4.address=" + taken)));
            assertEquals(
                    "Failed add validation for device \"n1\": MAC address \""
                            + mac
                            + "\" already defined on another NIC",
                    refused("c2", nic(kind, "hwaddr=00:16:3E:A1:00:01")));
        }
        assertEquals(
                "Failed add validation for device \"n2\": " + ip,
                refused(
                        "c1",
                        nic(AT, "hwaddr=" + mac, "ipv4.address=" + taken)
                                + ","
                                + nic(AT, "ipv4.address=" + taken).replace("n1", "n2")));
        devices("c2", nic(AT, "ipv4.address=" + ROOM.ipv4("3.31")));
        assertEquals(
                "Failed update validation for device \"n1\": " + ip,
                refused("c2", nic(AT, "ipv4.address=" + taken)));
        // Another VLAN is another network.
        devices("c2", nic(AT, "ipv4.address=" + taken, "vlan=7"));
        devices("c2", "");
        ok("POST", "/1.0/instances", "{'name':'c3','source':{'type':'copy','source':'c1'}}");
        try {
            assertEquals(
                    "Failed start validation for device \"n1\": MAC address \""
                            + mac
                            + "\" already defined on another NIC",
                    refused("PUT", "/1.0/instances/c3/state", "{'action':'start'}"));
        } finally {
            ok("DELETE", "/1.0/instances/c3", "");
        }
    }

    /// What an archive brings back is drawn by lot, but once for both.
    @Test
    void addressesDrawnByLotAreLookedAtToo() throws IOException {
        devices("c1", nic(AT));
        Json config = client.get("/1.0/instances/c1").metadata().get("config");
        String mac = config.get("volatile.n1.hwaddr").asString();
        devices("c2", nic(AT));
        ok("PATCH", "/1.0/instances/c2", "{'config':{'volatile.n1.hwaddr':'" + mac + "'}}");
        assertEquals(
                "Failed start validation for device \"n1\": MAC address \""
                        + mac
                        + "\" already defined on another NIC",
                refused("PUT", "/1.0/instances/c2/state", "{'action':'start'}"));
    }
}
