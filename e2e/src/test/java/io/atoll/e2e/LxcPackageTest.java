package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.testkit.LxcHost;
import io.atoll.testkit.Program;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The packages that `./mk deb` makes, installed by dpkg where `/usr` may be written to.
@Tag("privileged")
@Tag("e2e")
class LxcPackageTest {
    private static final String PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; ";

    /// A list of packages of its own: what this machine has installed is not touched.
    private static final String DPKG =
            "dpkg --admindir=/var/cache/lxc/dpkg --force-depends --force-confnew ";

    private static final String WRITABLE_USR =
            """
            cd /var/cache/lxc && mkdir upper work dpkg dpkg/info dpkg/updates && touch dpkg/status
            mount -t overlay overlay -o lowerdir=/usr,upperdir=$PWD/upper,workdir=$PWD/work /usr
            rm -rf /etc/lxc /etc/default/lxc* /etc/default/lxd*
            for program in /usr/bin/lxc-* /usr/bin/lxc /usr/sbin/lxd /usr/bin/lxcfs; do rm -f $program; done
            """;

    @Test
    void l2_01_l1_56_installsFromAPackage() {
        try (LxcHost host = LxcHost.launch(LxcHost.Kind.ATOLL, "atoll-lxcdeb")) {
            host.must(WRITABLE_USR);
            Path script = Path.of(System.getProperty("atoll.root"), "scripts/deb.sh");
            Path made = host.lxcPath().resolve("packages");
            Program.Output unused = Program.of("sh", script.toString(), made.toString()).run().ok();
            host.must(DPKG + "--install /var/lib/lxc/packages/atoll-client_*.deb");
            clientAlone(host);
            host.must(DPKG + "--install /var/lib/lxc/packages/atoll_*.deb");
            host.must("rm -r /var/lib/lxc/packages");
            assertTrue(host.must("ls -d /var/cache/lxc /var/lib/lxc").contains("/var/cache/lxc"));
            assertEquals(
                    "/usr/lib/atoll/bin/atoll",
                    host.must(PATH + "readlink -f $(command -v lxc-start)"));

            // What the unit lxc-net.service does; nothing else is configured.
            host.must(PATH + "/usr/lib/atoll/libexec/lxc-net start");
            host.must(PATH + "lxc-create -n pkg1 -t busybox && lxc-start -n pkg1");
            host.until(PATH + "lxc-info -n pkg1 -iH | grep -q '^10[.]0[.]3[.]'");
            assertEquals("pkg1", host.must(PATH + "lxc-attach -n pkg1 -- hostname"));
            host.must(PATH + "lxc-stop -n pkg1 -k; /usr/lib/atoll/libexec/lxc-net stop");

            daemonByItsScript(host);
            host.must(DPKG + "--purge atoll");
            host.must("test ! -e /usr/lib/atoll/bin/atolld && test -e /usr/lib/atoll/bin/atoll");
            host.must(DPKG + "--purge atoll-client");
            host.must("test ! -e /usr/lib/atoll && test ! -e /usr/bin/lxc-start");
            host.must("test -d /var/lib/lxc/pkg1/rootfs");
        }
    }

    /// It knows remotes, and says how a server is started here.
    private static void clientAlone(LxcHost host) {
        assertTrue(host.must(PATH + "lxc remote list").contains("unix://"));
        Program.Output refused = host.sh(PATH + "ATOLL_WARM=1 lxc list");
        assertEquals(1, refused.exit());
        assertTrue(refused.err().contains("atolld"), refused.err());
    }

    private static void daemonByItsScript(LxcHost host) {
        String script = PATH + "/etc/init.d/atolld ";
        assertEquals(3, host.sh(script + "status").exit());
        host.must(script + "start");
        assertEquals("atolld is running", host.must(script + "status"));
        host.must(script + "start");
        assertEquals("1", host.must("pgrep -cF /run/atolld.pid"));
        assertTrue(host.must(PATH + "lxc list").contains("NAME"));
        host.must(script + "restart");
        assertTrue(host.must(PATH + "atoll list").contains("NAME"));
        host.must(script + "stop");
        host.must(script + "stop");
        Program.Output stopped = host.sh(script + "status");
        assertEquals("atolld is not running", stopped.out().strip());
        assertEquals(3, stopped.exit());
        assertEquals(2, host.sh(script + "begin").exit());
    }
}
