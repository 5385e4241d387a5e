package io.atoll.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.linux.CommandFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the host's resolver is told of bridges, on a bus that writes it down.
class ResolvedNamesTest {
    @TempDir private Path folder;

    private final List<String> heard = new ArrayList<>();
    private final List<ResolvedNames.Service> deaf = new ArrayList<>();
    private ResolvedNames names = new ResolvedNames(Path.of("/"), this::hear);

    private void hear(ResolvedNames.Call call) {
        heard.add(String.join(" ", call.argv().subList(5, call.argv().size())));
        if (deaf.contains(call.service())) {
            throw new CommandFailed(call.argv(), 1, "Call failed: Link is managed", "");
        }
    }

    @BeforeEach
    void resolver() throws IOException {
        names = new ResolvedNames(folder.resolve("io.systemd.Resolve"), this::hear);
        Files.createFile(names.socket());
    }

    private static BridgeConfig config(String... pairs) {
        Map<String, String> keys = new java.util.TreeMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            keys.put(pairs[i], pairs[i + 1]);
        }
        return BridgeConfig.parse("br0", keys);
    }

    private static String manager(String service, String method) {
        return "org.freedesktop."
                + service
                + " /org/freedesktop/"
                + service
                + " org.freedesktop."
                + service
                + ".Manager "
                + method;
    }

    @Test
    void whereItDoesNotRunNobodyIsTold() throws IOException {
        Files.delete(names.socket());
        names.tell(config("ipv4.address", "10.5.0.1/24"), 7);
        assertEquals(List.of(), heard);
    }

    @Test
    void itIsToldOfServersAndOfTheirDomain() {
        names.tell(
                config(
                        "ipv4.address", "10.5.0.200/24",
                        "ipv6.address", "fd42::1/64",
                        "dns.domain", "atoll"),
                7);
        assertEquals(
                List.of(
                        manager("resolve1", "SetLinkDNS ia(iay) 7 2 2 4 10 5 0 200")
                                + " 10 16 253 66 0 0 0 0 0 0 0 0 0 0 0 0 0 1",
                        manager("resolve1", "SetLinkDomains ia(sb) 7 1 atoll true"),
                        manager("resolve1", "SetLinkDNSSEC is 7 no"),
                        manager("resolve1", "SetLinkDNSOverTLS is 7 no"),
                        manager("resolve1", "SetLinkDefaultRoute ib 7 false")),
                heard);
    }

    @Test
    void aBridgeWithoutNamesTakesBackWhatWasTold() {
        names.tell(config("ipv4.address", "10.5.0.1/24", "dns.mode", "none"), 7);
        names.tell(config("ipv4.address", "none"), 7);
        String revert = manager("resolve1", "RevertLink i 7");
        assertEquals(List.of(revert, revert), heard);
    }

    @Test
    void linksOfNetworkdAreToldToNetworkd() {
        deaf.add(ResolvedNames.Service.RESOLVE);
        names.tell(config("ipv4.address", "10.5.0.1/24"), 7);
        assertEquals(6, heard.size(), heard.toString());
        assertEquals(
                manager("network1", "SetLinkDNS ia(iay) 7 1 2 4 10 5 0 1"),
                heard.get(1),
                "after resolved refused");
        heard.clear();
        names.tell(config("ipv4.address", "none"), 7);
        assertEquals(manager("network1", "RevertLinkDNS i 7"), heard.getLast());
    }

    @Test
    void whoDoesNotListenIsNotAskedForEver() {
        deaf.addAll(List.of(ResolvedNames.Service.values()));
        names.tell(config("ipv4.address", "10.5.0.1/24"), 7);
        assertEquals(2, heard.size(), "one try at each, and the bridge starts all the same");
    }
}
