package io.atoll.lxctools.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostCheckTest {
    @TempDir private Path directory;

    /// What LXC 5.0.2 prints of a kernel, without the lines that depend on mounts.
    private static final List<String> ITEMS =
            List.of(
                    "--- Namespaces ---",
                    "Namespaces",
                    "Utsname namespace",
                    "Ipc namespace",
                    "Pid namespace",
                    "User namespace",
                    "Network namespace",
                    "--- Control groups ---",
                    "Cgroups",
                    "Cgroup namespace",
                    "Cgroup v1 mount points",
                    "Cgroup v2 mount points",
                    "Cgroup device",
                    "Cgroup sched",
                    "Cgroup cpu account",
                    "Cgroup memory controller",
                    "Cgroup cpuset",
                    "--- Misc ---",
                    "Veth pair device",
                    "Macvlan",
                    "Vlan",
                    "Bridges",
                    "Advanced netfilter",
                    "CONFIG_IP_NF_TARGET_MASQUERADE",
                    "CONFIG_IP6_NF_TARGET_MASQUERADE",
                    "CONFIG_NETFILTER_XT_TARGET_CHECKSUM",
                    "CONFIG_NETFILTER_XT_MATCH_COMMENT",
                    "FUSE (for use with lxcfs)",
                    "--- Checkpoint/Restore ---",
                    "checkpoint restore",
                    "CONFIG_FHANDLE",
                    "CONFIG_EVENTFD",
                    "CONFIG_EPOLL",
                    "CONFIG_UNIX_DIAG",
                    "CONFIG_INET_DIAG",
                    "CONFIG_PACKET_DIAG",
                    "CONFIG_NETLINK_DIAG",
                    "File capabilities",
                    "--- Also used here ---");

    private String render(String config, boolean isColoured) throws IOException {
        Path file = Files.writeString(directory.resolve("config"), config);
        return new HostCheck(KernelConfig.find(file.toString()), isColoured).render();
    }

    @Test
    void hasTheLinesOfLxcInTheirOrder() throws IOException {
        String text = render("CONFIG_NAMESPACES=y\n", false);
        assertTrue(text.startsWith("LXC version 5.0.2\nKernel configuration found at "), text);
        List<String> labels =
                text.lines()
                        .map(line -> line.replaceFirst(":.*", ""))
                        .takeWhile(line -> !line.equals("Time namespace"))
                        .filter(ITEMS::contains)
                        .toList();
        assertEquals(ITEMS, labels);
    }

    @Test
    void saysWhatTheConfigurationHas() throws IOException {
        String text =
                render("CONFIG_NAMESPACES=y\nCONFIG_VETH=m\n# CONFIG_MACVLAN is not set\n", false);
        assertTrue(text.contains("\nNamespaces: enabled\n"), text);
        assertTrue(text.contains("\nVeth pair device: enabled"), text);
        assertTrue(text.contains("\nMacvlan: missing\n"), text);
        assertTrue(text.contains("\nIpc namespace: required\n"), text);
        assertTrue(text.contains("\nUtsname namespace: missing\n"), text);
        assertFalse(text.contains("newuidmap"), "of no use without user namespaces");
    }

    @Test
    void isColouredOnATerminal() throws IOException {
        String text = render("CONFIG_NAMESPACES=y\n", true);
        assertTrue(text.contains("\nNamespaces: \033[1;32menabled\033[0;39m\n"), text);
        assertTrue(text.contains("\nPid namespace: \033[1;31mrequired\033[0;39m\n"), text);
        assertTrue(text.contains("\nMacvlan: \033[1;33mmissing\033[0;39m\n"), text);
    }

    @Test
    void looksElsewhereWhereThereIsNoSuchFile() {
        Path absent = directory.resolve("absent");
        String text = new HostCheck(KernelConfig.find(absent.toString()), false).render();
        assertTrue(text.contains("\nKernel configuration not found at " + absent + "\n"), text);
        assertTrue(text.contains("\nNamespaces: enabled\n"), text);
    }
}
