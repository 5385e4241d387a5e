package io.atoll.daemon.device.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.runtime.spec.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A card with three functions that exists as files only, and an `ip` that writes down what it is
/// asked.
class VirtualFunctionsTest {
    private static final MacAddress MAC = new MacAddress("00:16:3e:01:02:03");

    @TempDir private Path root;

    private final List<String> asked = new ArrayList<>();
    private VirtualFunctions functions =
            new VirtualFunctions(Path.of("/"), this::ip, new ConcurrentHashMap<>());

    private String ip(List<String> argv) {
        asked.add(String.join(" ", argv));
        return argv.contains("show")
                ? """
                [{"ifname": "card", "vfinfo_list": [
                  {"vf": 0, "address": "aa:00:00:00:00:00", "spoofchk": true},
                  {"vf": 1, "address": "aa:00:00:00:00:01", "vlan_list": [{"vlan": 7}]},
                  {"vf": 2, "mac": "aa:00:00:00:00:02", "vlan": 9, "spoofchk": false}]}]
                """
                : "";
    }

    @BeforeEach
    void card() throws IOException {
        functions = new VirtualFunctions(root, this::ip, new ConcurrentHashMap<>());
        file("class/net/card/device/sriov_totalvfs", "3");
        file("class/net/card/device/sriov_numvfs", "3");
        for (int i = 0; i < 3; i++) {
            file("class/net/card/device/virtfn" + i + "/net/cardv" + i + "/mtu", "1500");
            file("class/net/cardv" + i + "/operstate", i == 0 ? "up" : "down");
        }
    }

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text + "\n");
    }

    private static Site site(String id) {
        return new Site(id, ProjectName.DEFAULT, id, Idmap.range(100_000, 65_536), new TreeMap<>());
    }

    private String chosen(Site site, String device) {
        functions.choose(site, device, "card");
        return site.memory().get("volatile." + device + ".host_name");
    }

    private void prepare(Site site, String device) {
        functions.prepare(site, device, "card", Optional.of(MAC), OptionalInt.of(5), true);
    }

    @Test
    void choosesWhatIsNotInUse() {
        Site one = site("c1");
        assertEquals("cardv1", chosen(one, "eth0"), "0 is up on the host");
        assertEquals("cardv2", chosen(one, "eth1"), "1 is the instance's own already");
        assertThrows(InvalidConfigException.class, () -> chosen(one, "eth2"));
    }

    @Test
    void twoStartsDoNotGetTheSame() {
        Site one = site("c1");
        Site two = site("c2");
        assertEquals("cardv1", chosen(one, "eth0"));
        assertEquals("cardv1", chosen(two, "eth0"), "nothing is taken by looking");
        prepare(one, "eth0");
        assertThrows(InvalidConfigException.class, () -> prepare(two, "eth0"));
        asked.clear();
        functions.giveBack(two, "eth0", "card");
        assertEquals(List.of(), asked, "the first one goes on with it");
        assertEquals("cardv2", chosen(two, "eth0"));
        prepare(two, "eth0");
        functions.giveBack(one, "eth0", "card");
        assertEquals("cardv1", chosen(site("c3"), "eth0"));
    }

    @Test
    void theCardIsToldAndToldBack() {
        Site site = site("c1");
        assertEquals("cardv1", chosen(site, "eth0"));
        assertEquals("aa:00:00:00:00:01", site.memory().get("volatile.eth0.last_state.vf.hwaddr"));
        prepare(site, "eth0");
        String set = "ip link set dev card vf 1 ";
        assertEquals(
                List.of(set + "mac 00:16:3e:01:02:03", set + "vlan 5", set + "spoofchk on"),
                asked.subList(1, 4));
        asked.clear();
        functions.giveBack(site, "eth0", "card");
        assertEquals(
                List.of(set + "mac aa:00:00:00:00:01", set + "vlan 7", set + "spoofchk off"),
                asked);
        assertTrue(site.memory().isEmpty(), site.memory().toString());
        asked.clear();
        functions.giveBack(site, "eth0", "card");
        assertEquals(List.of(), asked, "once");
    }

    @Test
    void aCardWithoutFunctionsIsRefusedAndOneThatSleepsIsWoken() throws IOException {
        file("class/net/plain/device/vendor", "0x8086");
        Site site = site("c1");
        assertThrows(InvalidConfigException.class, () -> functions.choose(site, "eth0", "plain"));
        file("class/net/card/device/sriov_numvfs", "0");
        assertEquals("cardv1", chosen(site, "eth0"));
        assertEquals(
                "3", Files.readString(root.resolve("class/net/card/device/sriov_numvfs")).strip());
    }
}
