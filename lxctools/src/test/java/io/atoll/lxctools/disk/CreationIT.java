package io.atoll.lxctools.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.lxctools.Scratch;
import io.atoll.lxctools.ToolRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `lxc-create` and the templates that need no network: rows L1-16 to L1-22, L1-25, L1-26, B0-03
/// and L2-25.
@Tag("privileged")
class CreationIT {
    private Scratch scratch;

    @BeforeEach
    void open() throws Exception {
        scratch = new Scratch();
    }

    @AfterEach
    void close() throws Exception {
        scratch.close();
    }

    private ToolRun create(Map<String, String> env, String name, String template, String... more) {
        List<String> args =
                new ArrayList<>(List.of("-n", name, "-t", template, "-f", scratch.emptyConfig()));
        if (more.length > 0) {
            args.add("--");
        }
        args.addAll(List.of(more));
        return scratch.run(env, "lxc-create", args.toArray(String[]::new));
    }

    private ToolRun created(String name, String template, String... more) {
        ToolRun run = create(Map.of(), name, template, more);
        assertEquals(0, run.status(), run.err());
        return run;
    }

    private String config(String name) throws Exception {
        return Files.readString(scratch.container(name).resolve("config"));
    }

    private void assertNothingIsLeft() throws Exception {
        assertEquals(List.of(), scratch.names());
        assertEquals(List.of(), scratch.traces());
    }

    @Test
    void l1_18_b0_03_anyProgramIsATemplate() throws Exception {
        Path words = scratch.directory().resolve("words");
        Path template =
                scratch.template(
                        "echo \"$@\" >%s; mkdir \"${3#*=}/etc\"; echo hello\n".formatted(words));
        ToolRun run = created("c1", template.toString(), "-x", "--y=z");
        Path container = scratch.container("c1");
        assertEquals(
                "--path=%s --name=c1 --rootfs=%s/rootfs -x --y=z\n".formatted(container, container),
                Files.readString(words));
        assertEquals("hello\n", run.out());
        assertTrue(Files.isDirectory(container.resolve("rootfs/etc")));
        assertEquals("rwxrwx---", permissions(container));
        assertTrue(config("c1").contains("# Parameters passed to the template: -x --y=z\n"));
    }

    /// Words of every kind reach a template as they were typed.
    @Test
    void l1_17_anyWordsReachTheTemplate() throws Exception {
        Path words = scratch.directory().resolve("words");
        Path template =
                scratch.template(
                        "shift 3; for w in \"$@\"; do printf '%%s\\0' \"$w\"; done >%s\n"
                                .formatted(words));
        String letters = "ab -='\"\\$`*?#;&|<>(){}[]~!%\t\n\u00e4\u20ac/";
        for (int seed = 0; seed < 12; seed++) {
            java.util.Random random = new java.util.Random(seed);
            List<String> given = new ArrayList<>();
            for (int i = random.nextInt(5); i >= 0; i--) {
                StringBuilder word = new StringBuilder();
                for (int j = random.nextInt(9); j > 0; j--) {
                    word.append(letters.charAt(random.nextInt(letters.length())));
                }
                given.add(word.toString());
            }
            ToolRun run =
                    create(Map.of(), "w" + seed, template.toString(), given.toArray(String[]::new));
            assertEquals(0, run.status(), "seed " + seed + run.err());
            assertEquals(String.join("\0", given) + "\0", Files.readString(words), "seed " + seed);
            // What is remembered of them in the configuration does not become part of it.
            ToolRun info = scratch.run("lxc-info", "-n", "w" + seed, "-c", "lxc.uts.name");
            assertEquals(0, info.status(), "seed " + seed + info.err());
        }
    }

    private static String permissions(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    /// The first try fails for want of a program; installed, it works: nothing old is in the way.
    @Test
    void l1_19_21_22_aFailedTryLeavesNothing() throws Exception {
        Path tool = scratch.directory().resolve("rpm");
        Path template =
                scratch.template(
                        """
                        mkdir -p "${3#*=}/etc/big"
                        echo half >"${3#*=}/etc/big/file"
                        [ -e %s ] || { echo "'rpm' is missing, please install \\"rpm\\"" >&2; exit 3; }
                        """
                                .formatted(tool));
        ToolRun run = create(Map.of(), "p2", template.toString());
        assertEquals(1, run.status());
        assertTrue(run.err().contains("please install \"rpm\""), run.err());
        assertTrue(run.err().contains("failed with status 3"), run.err());
        assertNothingIsLeft();
        Files.writeString(tool, "");
        ToolRun again = created("p2", template.toString());
        assertEquals("", again.out());
    }

    /// What a killed lxc-create left is taken for nothing.
    @Test
    void l1_21_aKilledTryIsSwept() throws Exception {
        Path half = Files.createDirectories(scratch.container("c1").resolve("rootfs/etc"));
        Files.writeString(scratch.container("c1").resolve("partial"), "");
        Files.writeString(scratch.container("c1").resolve("config"), "lxc.uts.name = half\n");
        ToolRun run = created("c1", "busybox");
        assertTrue(Files.exists(half.resolve("inittab")), run.err());
        assertFalse(Files.exists(scratch.container("c1").resolve("partial")));
    }

    @Test
    void whatIsThereIsNotTouched() throws Exception {
        ToolRun first = created("c1", "busybox");
        String config = config("c1");
        ToolRun run = create(Map.of(), "c1", "busybox");
        assertEquals(1, run.status());
        assertTrue(run.err().contains("Container already exists"), first + run.err());
        assertEquals(config, config("c1"));
    }

    @Test
    void nonsenseIsRefusedBeforeAnythingIsMade() throws Exception {
        ToolRun none = scratch.run("lxc-create", "-n", "c1");
        assertTrue(none.err().contains("A template must be specified"), none.err());
        assertEquals(1, none.status());
        ToolRun unknown = create(Map.of(), "c1", "nosuch");
        assertEquals(1, unknown.status());
        assertTrue(unknown.err().contains("nosuch"), unknown.err());
        for (String name : List.of("../c1", "a/b", "", ".", "..")) {
            assertEquals(1, create(Map.of(), name, "busybox").status(), name);
        }
        Path bad =
                Files.writeString(scratch.directory().resolve("bad.conf"), "lxc.nte.0.type = x\n");
        ToolRun config =
                scratch.run("lxc-create", "-n", "c1", "-t", "busybox", "-f", bad.toString());
        assertEquals(1, config.status());
        assertTrue(config.err().contains("lxc.nte"), config.err());
        assertNothingIsLeft();
    }

    @Test
    void aTemplateThatBreaksTheConfigurationIsRefused() throws Exception {
        Path removes = scratch.template("sed -i /lxc.rootfs.path/d \"$LXC_CONFIG_FILE\"\n");
        ToolRun run = create(Map.of(), "c1", removes.toString());
        assertEquals(1, run.status());
        assertTrue(run.err().contains("lxc.rootfs.path"), run.err());
        Path writes = scratch.template("echo lxc.nonsense = 1 >>\"$LXC_CONFIG_FILE\"\n");
        assertEquals(1, create(Map.of(), "c1", writes.toString()).status());
        assertNothingIsLeft();
    }

    @Test
    void l1_07_16_17_everyTemplateHasItsHelp() throws Exception {
        try (Stream<Path> templates = Files.list(Scratch.SHARE.resolve("templates"))) {
            for (Path template : templates.sorted().toList()) {
                String name = template.getFileName().toString().substring("lxc-".length());
                if (name.equals("download")) {
                    // A tool of its own, see DownloadIT.
                    continue;
                }
                ToolRun run = create(Map.of(), "c1", name, "--help");
                assertTrue(run.out().contains("--help"), name + ": " + run);
                ToolRun help = scratch.run("lxc-create", "-t", name, "-h");
                assertEquals(0, help.status(), name + ": " + help.err());
                assertTrue(help.out().contains("Template " + name), name + ": " + help);
            }
        }
        assertNothingIsLeft();
    }

    /// Distributions whose installer is not here say what is missing.
    @Test
    void l1_16_19_whatIsMissingIsNamed() throws Exception {
        Path bin = Files.createDirectories(scratch.directory().resolve("bin"));
        for (String tool :
                List.of("sh", "dirname", "id", "cat", "mkdir", "uname", "grep", "sed", "head")) {
            Files.createSymbolicLink(bin.resolve(tool), Commands.find(tool).orElseThrow());
        }
        for (String name :
                List.of(
                        "alpine",
                        "altlinux",
                        "archlinux",
                        "centos",
                        "fedora",
                        "gentoo",
                        "openmandriva",
                        "opensuse",
                        "oracle",
                        "plamo",
                        "sshd",
                        "voidlinux")) {
            ToolRun run = create(Map.of("PATH", bin.toString()), "c1", name);
            assertEquals(1, run.status(), name);
            assertTrue(run.err().contains("please install"), name + ": " + run.err());
            assertNothingIsLeft();
        }
    }

    /// A stand-in for the installer, so that it can be seen when it is called, and made to fail.
    private Map<String, String> fakeInstaller() throws Exception {
        Path bin = Files.createDirectories(scratch.directory().resolve("bin"));
        Path program = bin.resolve("mmdebstrap");
        Files.writeString(
                program,
                """
                #!/bin/sh
                echo call >>%s/calls
                [ ! -e %s/broken ] || { echo "no network" >&2; exit 1; }
                for word in "$@"; do before=${last:-}; last=$word; done
                root=$before
                mkdir -p "$root/etc" "$root/var/lib" "$root/bin" "$root/sbin"
                echo 'root::1:0:99999:7:::' >"$root/etc/shadow"
                cp /bin/busybox "$root/bin/busybox"
                ln -s /bin/busybox "$root/bin/sh"
                ln -s /bin/busybox "$root/sbin/init"
                for tool in useradd chpasswd; do
                    printf '#!/bin/sh\\n' >"$root/bin/$tool" && chmod 755 "$root/bin/$tool"
                done
                """
                        .formatted(scratch.directory(), scratch.directory()));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return Map.of("PATH", bin + ":/usr/sbin:/usr/bin:/sbin:/bin");
    }

    /// A distribution of RPMs, at the boundary of its installer: where the packages come from, into
    /// which directory, and that the next container does not need it.
    @Test
    void l1_22_aDistributionOfRpms() throws Exception {
        Path bin = Files.createDirectories(scratch.directory().resolve("bin"));
        Path dnf = bin.resolve("dnf");
        Files.writeString(
                dnf,
                """
                #!/bin/sh
                echo "$@" >>%s/calls
                for word in "$@"; do
                    case $word in
                    --installroot=*) root=${word#*=} ;;
                    --setopt=reposdir=*) cat "${word##*=}"/*.repo >>%s/repos ;;
                    esac
                done
                mkdir -p "$root/etc" "$root/usr/lib/sysimage/rpm" "$root/sbin"
                ln -s /bin/busybox "$root/sbin/init"
                """
                        .formatted(scratch.directory(), scratch.directory()));
        Path rpm = Files.writeString(bin.resolve("rpm"), "#!/bin/sh\n");
        for (Path program : List.of(dnf, rpm)) {
            Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Map<String, String> env = Map.of("PATH", bin + ":/usr/sbin:/usr/bin:/sbin:/bin");
        String[] words = {"-R", "39", "-a", "x86_64", "--mirror=http://mirror.example/fedora"};
        ToolRun first = create(env, "c1", "fedora", words);
        assertEquals(0, first.status(), first.err());
        String call = Files.readString(scratch.directory().resolve("calls"));
        assertTrue(call.contains("--releasever=39 --forcearch=x86_64"), call);
        assertTrue(call.contains("install basesystem"), call);
        String repository = Files.readString(scratch.directory().resolve("repos"));
        assertTrue(
                repository.contains(
                        "baseurl=http://mirror.example/fedora/releases/39/Everything/x86_64/os"),
                repository);
        assertTrue(config("c1").contains("fedora.common.conf"), config("c1"));
        ToolRun second = create(env, "c2", "fedora", words);
        assertEquals(0, second.status(), second.err());
        assertEquals(1, calls());
        assertEquals(
                "c2\n", Files.readString(scratch.container("c2").resolve("rootfs/etc/hostname")));
    }

    @Test
    void l1_25_ubuntuFromScratch() throws Exception {
        ToolRun run = create(fakeInstaller(), "c1", "ubuntu", "-r", "noble", "-a", "amd64");
        assertEquals(0, run.status(), run.err());
        assertTrue(config("c1").contains("ubuntu.common.conf"), config("c1"));
        assertTrue(config("c1").contains("lxc.arch = x86_64"), config("c1"));
        assertEquals(1, calls());
    }

    private long calls() throws Exception {
        return Files.readAllLines(scratch.directory().resolve("calls")).size();
    }

    private List<String> cached() throws Exception {
        try (Stream<Path> entries = Files.list(scratch.directory().resolve("cache/debian"))) {
            return entries.map(e -> e.getFileName().toString())
                    .filter(n -> !n.equals(".lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void l1_26_l2_25_theCacheOfATemplate() throws Exception {
        Map<String, String> env = fakeInstaller();
        Path broken = Files.writeString(scratch.directory().resolve("broken"), "");
        ToolRun failed = create(env, "c1", "debian");
        assertEquals(1, failed.status());
        assertTrue(failed.err().contains("no network"), failed.err());
        assertNothingIsLeft();
        assertEquals(List.of(), cached());
        Files.delete(broken);

        ToolRun first = create(env, "c1", "debian");
        assertEquals(0, first.status(), first.err());
        assertEquals(2, calls());
        // By now it works without network.
        Files.writeString(broken, "");
        ToolRun second = create(env, "c2", "debian");
        assertEquals(0, second.status(), second.err());
        assertTrue(second.out().contains("Using the cached debian"), second.out());
        assertEquals(2, calls());
        Path delta = scratch.container("c2").resolve("rootfs");
        assertEquals("c2\n", Files.readString(delta.resolve("etc/hostname")));
        assertTrue(
                Files.readString(delta.resolve("etc/hosts"))
                        .startsWith("127.0.0.1 localhost\n127.0.1.1 c2\n"));
        // The containers do not need the cache.
        ToolRun unused = create(env, "c3", "debian", "--clean");
        assertEquals(List.of(), cached());
        assertEquals(List.of("c1", "c2"), scratch.names(), unused.err());
        String seen =
                scratch.run("lxc-execute", "-n", "c2", "--", "/bin/sh", "-c", "cat /etc/hostname")
                        .out();
        assertEquals("c2\n", seen);
        ToolRun other = create(env, "c3", "debian", "-r", "trixie", "-F");
        assertEquals(1, other.status());
        assertEquals(3, calls());
    }

    @Test
    void optionsOfATemplateAreChecked() throws Exception {
        Map<String, String> env = fakeInstaller();
        for (String[] bad :
                new String[][] {
                    {"-r", "../../etc"},
                    {"-a", "a b"},
                    {"--user=root;id"},
                    {"-r"},
                    {"--nonsense"},
                    {"--auth-key=/nonexistent"}
                }) {
            ToolRun run = create(env, "c1", "debian", bad);
            assertEquals(1, run.status(), String.join(" ", bad));
            assertNothingIsLeft();
        }
        assertFalse(Files.exists(scratch.directory().resolve("calls")));
    }

    private void tar(Path from, Path to) {
        Commands.Result unused =
                Commands.run(Command.of("tar", "-C", from.toString(), "-cJf", to.toString(), "."));
        assertTrue(Files.exists(to), unused.text());
    }

    @Test
    void l1_16_templateLocalTakesArchives() throws Exception {
        ToolRun made = created("source", "busybox");
        Path meta = Files.createDirectories(scratch.directory().resolve("meta"));
        Files.writeString(meta.resolve("config"), "lxc.arch = x86_64\n");
        Path archive = scratch.directory().resolve("rootfs.tar.xz");
        Path metadata = scratch.directory().resolve("meta.tar.xz");
        tar(scratch.container("source").resolve("rootfs"), archive);
        tar(meta, metadata);
        ToolRun missing = create(Map.of(), "c1", "local", "--fstree=/nonexistent");
        assertEquals(1, missing.status(), made.err());
        ToolRun run = created("c1", "local", "--metadata=" + metadata, "--fstree=" + archive);
        assertTrue(Files.exists(scratch.container("c1").resolve("rootfs/bin/busybox")), run.err());
        assertTrue(config("c1").contains("lxc.arch = x86_64"), config("c1"));
        Files.writeString(archive, "damaged");
        assertEquals(
                1,
                create(Map.of(), "c2", "local", "--metadata=" + metadata, "--fstree=" + archive)
                        .status());
        assertEquals(List.of("c1", "source"), scratch.names());
    }

    @Test
    void l1_25_ubuntuCloudFromAnArchive() throws Exception {
        Path root = Files.createDirectories(scratch.directory().resolve("root/etc"));
        Files.writeString(root.resolve("os-release"), "ID=ubuntu\n");
        Path archive = scratch.directory().resolve("root.tar.xz");
        tar(root.getParent(), archive);
        Path data = Files.writeString(scratch.directory().resolve("user"), "#cloud-config\na: 1\n");
        Path key = Files.writeString(scratch.directory().resolve("key"), "ssh-ed25519 AAAA me\n");
        ToolRun run =
                created(
                        "c1",
                        "ubuntu-cloud",
                        "--tarball=" + archive,
                        "--userdata=" + data,
                        "--hostid=i-1",
                        "--auth-key=" + key);
        Path seed = scratch.container("c1").resolve("rootfs/var/lib/cloud/seed/nocloud-net");
        assertEquals("#cloud-config\na: 1\n", Files.readString(seed.resolve("user-data")));
        String meta = Files.readString(seed.resolve("meta-data"));
        assertTrue(meta.contains("instance-id: i-1\n"), run.err() + meta);
        assertTrue(meta.contains("  - ssh-ed25519 AAAA me\n"), meta);
    }

    /// Root's containers with an id map get files of their ids.
    @Test
    void x3_07_filesOfAnIdMap() throws Exception {
        Path conf = scratch.directory().resolve("map.conf");
        Files.writeString(
                conf,
                "lxc.net.0.type = empty\nlxc.idmap = u 0 1000000 65536\nlxc.idmap = g 0 1000000 65536\n");
        ToolRun run = scratch.run("lxc-create", "-n", "c1", "-t", "busybox", "-f", conf.toString());
        assertEquals(0, run.status(), run.err());
        Path file = scratch.container("c1").resolve("rootfs/etc/passwd");
        assertEquals(1000000, Files.getAttribute(file, "unix:uid"));
        ToolRun started = scratch.run("lxc-start", "-n", "c1");
        assertEquals(0, started.status(), started.err());
        assertEquals("0\n", scratch.run("lxc-attach", "-n", "c1", "--", "id", "-u").out());
        assertEquals(0, scratch.run("lxc-stop", "-k", "-n", "c1").status());
        assertEquals(0, scratch.run("lxc-destroy", "-n", "c1").status());
        assertNothingIsLeft();
    }
}
