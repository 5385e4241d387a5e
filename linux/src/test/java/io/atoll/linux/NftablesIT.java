package io.atoll.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("privileged")
final class NftablesIT {
    @BeforeEach
    void needsLibrary() {
        assumeTrue(Nftables.isAvailable(), "libnftables1");
    }

    @Test
    void appliesAllOrNothingInTheThreadsNamespace() {
        Namespaces.withOwnNet(() -> {
            Nftables.run(
                    "add table inet atolltest\nadd chain inet atolltest c { type filter hook input priority 0; }");
            String broken =
                    "add rule inet atolltest c tcp dport 1 accept\nadd rule inet atolltest nope accept\n";
            assertThrows(Nftables.RulesetRefused.class, () -> Nftables.run(broken));
            assertThrows(Nftables.RulesetRefused.class, () -> Nftables.run("hello"));
            String text = Nftables.run("list table inet atolltest");
            assertTrue(text.contains("chain c"), text);
            assertFalse(text.contains("dport"), text);
            assertTrue(Nftables.runForJson("list tables").startsWith("{\"nftables\":"));
            return null;
        });
        assertFalse(Nftables.run("list tables").contains("atolltest"));
    }

    @Test
    void tellsWhetherATableIsThere() {
        Namespaces.withOwnNet(() -> {
            assertFalse(Nftables.hasTable(Nftables.Family.BRIDGE, "atolltest"));
            Nftables.run("add table bridge atolltest\nadd table netdev atolltes");
            assertTrue(Nftables.hasTable(Nftables.Family.BRIDGE, "atolltest"));
            assertTrue(Nftables.hasTable(Nftables.Family.NETDEV, "atolltes"));
            assertFalse(Nftables.hasTable(Nftables.Family.BRIDGE, "atolltes"));
            assertFalse(Nftables.hasTable(Nftables.Family.INET, "atolltest"));
            Nftables.run("delete table bridge atolltest");
            assertFalse(Nftables.hasTable(Nftables.Family.BRIDGE, "atolltest"));
            return null;
        });
    }

    @Test
    void tellsWhetherAChainIsThere() {
        Namespaces.withOwnNet(() -> {
            assertFalse(Nftables.hasChain(Nftables.Family.INET, "atolltest", "in.br0"));
            Nftables.run("add table inet atolltest\nadd chain inet atolltest in.br0");
            assertTrue(Nftables.hasChain(Nftables.Family.INET, "atolltest", "in.br0"));
            assertFalse(Nftables.hasChain(Nftables.Family.INET, "atolltest", "in.br"));
            assertFalse(Nftables.hasChain(Nftables.Family.INET, "atolltest", "in.br00"));
            assertFalse(Nftables.hasChain(Nftables.Family.INET, "atoll", "in.br0"));
            Nftables.run("delete chain inet atolltest in.br0");
            assertFalse(Nftables.hasChain(Nftables.Family.INET, "atolltest", "in.br0"));
            return null;
        });
    }

    @Test
    void leaksNoDescriptors() {
        Namespaces.withOwnNet(() -> {
            Nftables.run("list tables");
            int before = descriptors();
            for (int i = 0; i < 20; i++) {
                Nftables.run("list tables");
            }
            assertEquals(before, descriptors());
            return null;
        });
    }

    private static int descriptors() {
        try (Fd fds = Opens.open("/proc/self/fd", Fcntl.O_RDONLY, 0)) {
            return Directories.list(fds).size();
        }
    }
}
