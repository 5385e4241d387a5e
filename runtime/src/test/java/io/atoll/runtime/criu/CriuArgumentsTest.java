package io.atoll.runtime.criu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CriuArgumentsTest {
    private static final String COMMON =
            " --tcp-established --file-locks --link-remap --ext-unix-sk --manage-cgroups=full"
                    + " --ext-mount-map auto --enable-external-sharing --enable-external-masters"
                    + " --enable-fs hugetlbfs --enable-fs tracefs -D /saved";

    private static CriuArguments plain() {
        return new CriuArguments(
                "criu",
                Path.of("/saved"),
                List.of("cpu,cpuacct:/lxc.payload.c1", "name=systemd:/lxc.payload.c1"),
                false,
                Optional.empty());
    }

    private static void same(String expected, List<String> argv) {
        assertEquals(expected, String.join(" ", argv));
    }

    @Test
    void ofADump() {
        same(
                "criu dump"
                        + COMMON
                        + " -o /saved/dump.log"
                        + " --cgroup-root cpu,cpuacct:/lxc.payload.c1"
                        + " --cgroup-root name=systemd:/lxc.payload.c1"
                        + " --ext-mount-map /data:/data -t 4711 --skip-in-flight"
                        + " --freeze-cgroup /sys/fs/cgroup/freezer/lxc.payload.c1"
                        + " --force-irmap --leave-running",
                plain().dump(
                                new CriuArguments.Dump(
                                        4711,
                                        Optional.of("/sys/fs/cgroup/freezer/lxc.payload.c1"),
                                        List.of(new CriuArguments.Mount("/data", "/data")),
                                        false,
                                        false,
                                        Optional.empty(),
                                        Optional.empty())));
    }

    @Test
    void ofALastDumpAfterAPreDump() {
        same(
                "/opt/criu dump"
                        + COMMON
                        + " -o /saved/dump.log --cgroup-root /atoll/c1 -v4"
                        + " --action-script /bin/script -t 4711 --skip-in-flight"
                        + " --prev-images-dir ../before --track-mem --force-irmap",
                new CriuArguments(
                                "/opt/criu",
                                Path.of("/saved"),
                                List.of("/atoll/c1"),
                                true,
                                Optional.of("/bin/script"))
                        .dump(
                                new CriuArguments.Dump(
                                        4711,
                                        Optional.empty(),
                                        List.of(),
                                        false,
                                        true,
                                        Optional.of(Path.of("../before")),
                                        Optional.empty())));
    }

    @Test
    void ofAPreDump() {
        CriuArguments.Dump dump =
                new CriuArguments.Dump(
                        4711,
                        Optional.empty(),
                        List.of(),
                        true,
                        false,
                        Optional.empty(),
                        Optional.empty());
        same(
                "criu pre-dump"
                        + COMMON
                        + " -o /saved/pre-dump.log"
                        + " --cgroup-root cpu,cpuacct:/lxc.payload.c1"
                        + " --cgroup-root name=systemd:/lxc.payload.c1"
                        + " -t 4711 --skip-in-flight --track-mem --force-irmap",
                plain().dump(dump));
    }

    @Test
    void ofARestore() {
        same(
                "criu restore"
                        + COMMON
                        + " -o /saved/restore.log"
                        + " --cgroup-root cpu,cpuacct:/lxc.payload.c1"
                        + " --cgroup-root name=systemd:/lxc.payload.c1"
                        + " --ext-mount-map /data:/srv/data --mntns-compat-mode"
                        + " --root /run/stage/root --restore-detached --pidfile /run/stage/pid"
                        + " --lsm-profile apparmor:lxc-container-default"
                        + " --external veth[eth0]:vethA@br0 --external macvlan[eth1]:wan0",
                plain().restore(
                                new CriuArguments.Restore(
                                        Path.of("/run/stage/root"),
                                        Path.of("/run/stage/pid"),
                                        List.of(
                                                new CriuArguments.External(
                                                        "/data", Path.of("/srv/data"))),
                                        List.of(
                                                new CriuArguments.Link("veth", "eth0", "vethA@br0"),
                                                new CriuArguments.Link("macvlan", "eth1", "wan0")),
                                        Optional.of("lxc-container-default"),
                                        Optional.empty())));
    }

    /// The other end of a console is with somebody who lives on.
    @Test
    void ofAConsole() {
        String id = "tty[8800:2a]";
        List<String> dump =
                plain().dump(
                                new CriuArguments.Dump(
                                        4711,
                                        Optional.empty(),
                                        List.of(new CriuArguments.Mount("/dev/console", "console")),
                                        false,
                                        true,
                                        Optional.empty(),
                                        Optional.of(id)));
        assertTrue(
                String.join(" ", dump)
                        .contains(
                                " --ext-mount-map /dev/console:console --external tty[8800:2a] -t"));
        List<String> restore =
                plain().restore(
                                new CriuArguments.Restore(
                                        Path.of("/run/stage/root"),
                                        Path.of("/run/stage/pid"),
                                        List.of(
                                                new CriuArguments.External(
                                                        "console", Path.of("/run/stage/console"))),
                                        List.of(),
                                        Optional.empty(),
                                        Optional.of(id)));
        assertTrue(
                String.join(" ", restore)
                        .contains(
                                " --ext-mount-map console:/run/stage/console"
                                        + " --inherit-fd fd[0]:tty[8800:2a] "));
    }

    @Test
    void whatCriuComplainsOfIsTakenFromItsLines() {
        assertEquals(
                "vdso: Unexpected rt vDSO area bounds",
                Criu.complaint(
                        "Warn  (criu/kerndat.c:1103): $XDG_RUNTIME_DIR not set\n"
                                + "(00.000001) Error (criu/vdso.c:332): vdso: Unexpected rt vDSO"
                                + " area bounds\nError (criu/crtools.c:1): Could not init\n"));
        assertEquals("nothing", Criu.complaint(""));
        assertEquals("what?", Criu.complaint("\n what? \n"));
    }
}
