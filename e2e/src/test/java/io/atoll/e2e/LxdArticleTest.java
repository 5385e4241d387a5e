package io.atoll.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.linux.Pty.WindowSize;
import io.atoll.testkit.Await;
import io.atoll.testkit.Program;
import io.atoll.testkit.Program.Output;
import io.atoll.testkit.Terminal;
import io.atoll.testkit.TestDaemon;
import io.atoll.testkit.TestImages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What an article on LXD 0.7 to 0.13 (rows D4) and slides on LXC and LXD (rows X3) show, with the
/// distribution's client and with ours. One server stands for the images of others.
@Tag("privileged")
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LxdArticleTest {
    private static final String MARKER = "e2elx";
    private static final String BRIDGE = MARKER + "br";

    /// Of the other server, whose port is the usual one.
    private static final String ADDRESS = "127.77.3.1";

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final WindowSize WINDOW = new WindowSize(101, 37);
    private static final int AT_ONCE = 4;

    @TempDir Path scratch;

    private TestDaemon daemon;
    private TestDaemon other;

    @BeforeAll
    void start() {
        daemon = TestDaemon.launch("atoll-" + MARKER);
        other = TestDaemon.launch("atoll-" + MARKER + "o");
        run(other, "config", "set", "core.https_address", ADDRESS + ":8443");
        run(other, "image", "import", TestImages.busybox().toString(), "--public");
        String fingerprint = run(other, "image", "list", "--format=csv", "-c", "F").strip();
        for (String alias : List.of("centos/6/amd64", "centos/6")) {
            run(other, "image", "alias", "create", alias, fingerprint);
        }
        lxc("storage", "create", "default", "overlay");
        lxc("network", "create", BRIDGE, "ipv4.address=none", "ipv6.address=none");
        lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
        lxc("profile", "device", "add", "default", "eth0", "nic", "network=" + BRIDGE, "name=eth0");
    }

    @AfterAll
    void stop() {
        other.close();
        daemon.close();
    }

    @AfterEach
    void deleteAll() {
        for (String name : lines("list", "-c", "n")) {
            Await.until(
                    name + " to be deleted",
                    SOON,
                    () -> daemon.lxc().run("delete", "--force", name).exit() == 0);
        }
        for (String name : lines("image", "list", "-c", "F")) {
            lxc("image", "delete", name);
        }
    }

    private List<String> lines(String... command) {
        List<String> words = new ArrayList<>(List.of(command));
        words.add("--format=csv");
        return lxc(words.toArray(String[]::new)).lines().filter(l -> !l.isBlank()).toList();
    }

    private static String run(TestDaemon server, String... command) {
        return server.lxc().run(command).ok().out();
    }

    private String lxc(String... command) {
        return run(daemon, command);
    }

    private void importBusybox() {
        lxc("image", "import", TestImages.busybox().toString(), "--alias", "busybox");
    }

    /// The client of that name, with remotes of its own.
    private Program client(String name) {
        Program program = name.equals("lxc") ? daemon.lxc() : daemon.atoll();
        return program.with("LXD_CONF", scratch.resolve(name).toString());
    }

    /// That client, which knows the other server.
    private Program clientOfBoth(String name) {
        Program client = client(name);
        if (!client.run("remote", "list", "--format=csv").out().contains("lxc-org")) {
            Output unused =
                    client.runWith(bytes("y\n"), "remote", "add", "lxc-org", ADDRESS, "--public")
                            .ok();
        }
        return client;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_04_aServerIsAddedByItsNameAlone(String name) {
        Program client = client(name).with("LXD_CONF", scratch.resolve(name + "-04").toString());
        String[] add = {"remote", "add", "lxc-org", ADDRESS, "--public"};
        Output refused = client.runWith(bytes("n\n"), add).exits(1);
        String certificate = other.state().resolve("server.crt").toString();
        String shown =
                Program.of("openssl")
                        .run("x509", "-in", certificate, "-noout", "-fingerprint", "-sha256")
                        .ok()
                        .out()
                        .replaceAll(".*=|:|\n", "")
                        .toLowerCase(Locale.ROOT);
        assertEquals(
                "Certificate fingerprint: " + shown + "\nok (y/n/[fingerprint])? ", refused.out());
        assertFalse(client.run("remote", "list", "--format=csv").ok().out().contains("lxc-org"));
        client.runWith(bytes("y\n"), add).ok();
        assertTrue(
                client.run("remote", "list", "--format=csv")
                        .ok()
                        .out()
                        .contains("lxc-org,https://" + ADDRESS + ":8443,lxd,"));
    }

    /// With the columns of that time; those of today have TYPE and SIZE too.
    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_05_08_10_imagesInTables(String name) throws IOException {
        Path bare = imageWithoutProperties("i686");
        lxc("image", "import", bare.toString());
        importBusybox();
        String hash = Program.of("sha256sum").run(bare.toString()).ok().out().substring(0, 64);
        Program client = clientOfBoth(name);
        List<String> header =
                List.of(
                        "ALIAS",
                        "FINGERPRINT",
                        "PUBLIC",
                        "DESCRIPTION",
                        "ARCHITECTURE",
                        "UPLOAD DATE");
        String busybox = fingerprint(TestImages.busybox());
        List<List<String>> local =
                List.of(
                        List.of("busybox", busybox, "no", "Busybox", "x86_64", date(busybox)),
                        List.of("", hash.substring(0, 12), "no", "", "i686", date(hash)));
        String[] list = {"image", "list", "-c", "lfpdau"};
        assertEquals(table(header, local, true), client.run(list).ok().out());
        String there = run(other, "query", "/1.0/images?recursion=1");
        String uploaded = Json.parse(there).asList().getFirst().get("uploaded_at").asString();
        List<List<String>> remote =
                List.of(
                        List.of(
                                "centos/6 (1 more)",
                                busybox,
                                "yes",
                                "Busybox",
                                "x86_64",
                                date(Instant.parse(uploaded), "UTC")));
        String[] listThere = {"image", "list", "lxc-org:", "-c", "lfpdau", "--format=compact"};
        assertEquals(table(header, remote, false), client.run(listThere).ok().out());
        if (name.equals("atoll")) {
            // As the client of that time did, and the one of today does not.
            String far = date(Instant.parse(uploaded), "Asia/Shanghai");
            assertTrue(far.endsWith("(CST)"), far);
            String shown = client.with("TZ", "Asia/Shanghai").run(listThere).ok().out();
            assertTrue(shown.contains("  " + far + "  "), shown);
        }
    }

    private String date(String fingerprint) {
        Json image = Json.parse(lxc("query", "/1.0/images/" + fingerprint));
        assertTrue(image.get("fingerprint").asString().startsWith(fingerprint));
        assertEquals(64, image.get("fingerprint").asString().length());
        return date(Instant.parse(image.get("uploaded_at").asString()), "UTC");
    }

    private static String date(Instant when, String zone) {
        return DateTimeFormatter.ofPattern("MMM d, yyyy 'at' h:mma '('zzz')'", Locale.ENGLISH)
                .format(when.atZone(ZoneId.of(zone)))
                .replace("AM", "am")
                .replace("PM", "pm");
    }

    private static String fingerprint(Path file) {
        return Program.of("sha256sum").run(file.toString()).ok().out().substring(0, 12);
    }

    /// As both clients draw it: with rules, or with two blanks on both sides.
    private static String table(List<String> header, List<List<String>> rows, boolean hasRules) {
        int[] widths = new int[header.size()];
        Stream.concat(Stream.of(header), rows.stream())
                .forEach(row -> {
                    for (int i = 0; i < widths.length; i++) {
                        widths[i] = Math.max(widths[i], row.get(i).length());
                    }
                });
        StringBuilder rule = new StringBuilder("+");
        StringBuilder head = new StringBuilder(hasRules ? "|" : " ");
        for (int i = 0; i < widths.length; i++) {
            rule.append("-".repeat(widths[i] + 2)).append('+');
            int gap = widths[i] - header.get(i).length();
            head.append(' ')
                    .append(" ".repeat(gap / 2))
                    .append(header.get(i))
                    .append(" ".repeat(gap - gap / 2))
                    .append(hasRules ? " |" : " ");
        }
        String line = hasRules ? rule + "\n" : "";
        String end = hasRules ? "" : " ";
        StringBuilder out = new StringBuilder(line + head + end + "\n" + line);
        for (List<String> row : rows) {
            out.append(hasRules ? "|" : " ");
            for (int i = 0; i < widths.length; i++) {
                out.append(' ')
                        .append(row.get(i))
                        .append(" ".repeat(widths[i] - row.get(i).length()));
                out.append(hasRules ? " |" : " ");
            }
            out.append(end).append('\n').append(line);
        }
        return out.toString();
    }

    private Path imageWithoutProperties(String architecture) throws IOException {
        return image(
                architecture + ".tar.gz",
                "architecture: \"" + architecture + "\"\ncreation_date: 1470920887\n",
                List.of());
    }

    /// Busybox with other metadata.
    ///
    /// @param templates file names, whose text says who made it
    private Path image(String file, String metadata, List<String> templates) throws IOException {
        Path folder = unpacked();
        Files.writeString(folder.resolve("metadata.yaml"), metadata);
        for (String template : templates) {
            Files.writeString(
                    folder.resolve("templates").resolve(template),
                    "{{ trigger }} of {{ container.name }} on {{ path }}\n");
        }
        Path made = scratch.resolve(file);
        Program.of("tar", "-C", folder.toString(), "-czf", made.toString())
                .run("metadata.yaml", "templates", "rootfs")
                .ok();
        return made;
    }

    private Path unpacked() throws IOException {
        Path folder = Files.createTempDirectory(scratch, "image");
        Program.of("tar", "-C", folder.toString(), "-xzf")
                .run(TestImages.busybox().toString())
                .ok();
        return folder;
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_11_12_aLaunchAndTheListOfInstances(String name) {
        importBusybox();
        Program client = client(name);
        Output launched = client.run("launch", "busybox", "ub").ok();
        assertEquals("Creating ub\nStarting ub\n", lastOfEachLine(launched.out()));
        client.run("launch", "busybox", "gone", "--ephemeral").ok();
        lxc("exec", "ub", "--", "ip", "addr", "add", "10.0.3.221/24", "dev", "eth0");
        List<List<String>> rows =
                List.of(
                        List.of("gone", "RUNNING", "", "", "CONTAINER (EPHEMERAL)"),
                        List.of("ub", "RUNNING", "10.0.3.221 (eth0)", "", "CONTAINER"));
        List<String> header = List.of("NAME", "STATE", "IPV4", "IPV6", "TYPE");
        assertEquals(table(header, rows, true), client.run("list", "-c", "ns46t").ok().out());
        assertEquals(
                table(header, rows, false),
                client.run("list", "-c", "ns46t", "--format=compact").ok().out());
        assertEquals(
                "ub,10.0.3.221 (eth0)\n",
                client.run("list", "-c", "n4", "--format=csv", "ipv4=10.0.3.0/24").ok().out());
    }

    /// What stands there when a line is finished; clients take progress back on it.
    private static String lastOfEachLine(String text) {
        return text.replaceAll("(?m)^.*\r(?=.)", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_13_15_x3_16_commandsAndTheirProcesses(String name) {
        importBusybox();
        Program client = client(name);
        client.run("launch", "busybox", "ub").ok();
        String kernel = Program.of("uname").run("-r").ok().out().strip();
        assertEquals(
                "/root /root\nub " + kernel + "\n",
                client.run("exec", "ub", "--", "sh", "-c", "echo $HOME $PWD; uname -nr")
                        .ok()
                        .out());
        try (Terminal terminal = Terminal.start(client, WINDOW, "exec", "ub", "/bin/sh")) {
            terminal.expect("~ #");
            terminal.type("sleep 731 & echo pid$((0))of$$\n");
            terminal.expect("pid0of");
            Program.Output processes =
                    Program.of("ps").run("-eo", "uid=,args=", "--no-headers").ok();
            String seen =
                    processes
                            .out()
                            .lines()
                            .map(String::strip)
                            .filter(line -> line.endsWith(" sleep 731"))
                            .findFirst()
                            .orElseThrow();
            Json map = Json.parse(lxc("config", "get", "ub", "volatile.idmap.current"));
            long first = map.asList().getFirst().get("Hostid").asLong();
            assertTrue(first >= 65_536, map.toString());
            assertEquals(first + " sleep 731", seen.replaceAll(" +", " "));
            terminal.type("exit 3\n");
            assertEquals(3, terminal.exit());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_18_19_x3_13_imagesAreCopiedFromOthers(String name) throws Exception {
        Program client = clientOfBoth(name);
        String source = "lxc-org:/centos/6/amd64";
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Output>> copies = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                String alias = "--alias=copy" + i;
                copies.add(
                        threads.submit(() -> client.run("image", "copy", source, "local:", alias)));
            }
            for (Future<Output> copy : copies) {
                copy.get().ok();
            }
        }
        client.run("image", "copy", source, "local:", "--alias=ubuntu-64").ok();
        String image = fingerprint(TestImages.busybox());
        assertEquals(List.of(image), lines("image", "list", "-c", "f"));
        List<String> aliases = lines("image", "alias", "list");
        assertEquals(AT_ONCE + 1, aliases.size(), aliases.toString());
        client.run("launch", "lxc-org:/centos/6/amd64", "c1").ok();
        client.run("launch", "ubuntu-64", "c2").ok();
        assertEquals(List.of("c1,RUNNING", "c2,RUNNING"), lines("list", "-c", "ns"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_19_anImageThatIsThereIsNamedAsSuch(String name) throws Exception {
        Program client = client(name);
        String file = TestImages.busybox().toString();
        List<Output> ends = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Output>> imports = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                imports.add(threads.submit(() -> client.run("image", "import", file)));
            }
            for (Future<Output> each : imports) {
                ends.add(each.get());
            }
        }
        assertEquals(1, ends.stream().filter(end -> end.exit() == 0).count(), ends.toString());
        for (Output end : ends) {
            if (end.exit() != 0) {
                String said = lastOfEachLine(end.err());
                assertTrue(
                        said.endsWith("Error: Image with same fingerprint already exists\n"), said);
            }
        }
        assertEquals(1, lines("image", "list", "-c", "f").size());
    }

    private String remoteOf(String name, SlowSite site) throws IOException {
        // The stock client adds no plain http, but goes there.
        Path folder = Files.createDirectories(scratch.resolve(name + "-streams"));
        Files.writeString(
                folder.resolve("config.yml"),
                """
                default-remote: local
                remotes:
                  images: {addr: "%s", protocol: simplestreams, public: true}
                  nowhere: {addr: "https://nowhere.invalid", protocol: simplestreams, public: true}
                  local: {addr: "unix://", public: false}
                aliases: {}
                """
                        .formatted(site.url()));
        return folder.toString();
    }

    /// First it shows how far it is, then it is given up, and then nothing is left of it.
    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll", "atoll, warm"})
    void d4_09_17_ctrlCEndsADownload(String name) throws IOException {
        try (SlowSite site = site(name)) {
            Program client = client(name.split(",")[0]).with("LXD_CONF", remoteOf(name, site));
            if (name.endsWith("warm")) {
                client = client.with("ATOLL_WARM", "1");
            }
            for (String[] command :
                    new String[][] {
                        {"launch", "images:ubuntu/yakkety/amd64", "c1"},
                        {"image", "copy", "images:ubuntu/yakkety/amd64", "local:"}
                    }) {
                int before = site.downloads();
                try (Terminal terminal = Terminal.start(client, WINDOW, command)) {
                    Await.until("the download", SOON, () -> site.downloads() > before);
                    terminal.expect("%");
                    terminal.type("\u0003");
                    if (!name.endsWith("warm")) {
                        terminal.expect("Error: Remote operation canceled by user");
                    }
                    assertTrue(terminal.exit() != 0);
                }
                Await.until(
                        "the operation to end", SOON, () -> lines("operation", "list").isEmpty());
                assertEquals(List.of(), lines("list", "-c", "n"));
                assertEquals(List.of(), lines("image", "list", "-c", "f"));
                try (Stream<Path> files = Files.list(daemon.state().resolve("images"))) {
                    assertEquals(List.of(), files.toList());
                }
            }
            site.open();
            client.run("launch", "images:ubuntu/yakkety/amd64", "c1").ok();
        }
    }

    private SlowSite site(String name) throws IOException {
        return new SlowSite(
                Files.createDirectories(scratch.resolve(name + "-site")),
                TestImages.busybox(),
                List.of("ubuntu/yakkety"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_21_x3_15_namesOfInstancesAndOfServersThatAreNotThere(String name) throws IOException {
        try (SlowSite site = site(name + "15")) {
            site.open();
            Program client = client(name).with("LXD_CONF", remoteOf(name + "15", site));
            String said = client.run("launch", "images:ubuntu/yakkety/amd64").ok().out();
            String given =
                    lastOfEachLine(said)
                            .lines()
                            .filter(line -> line.startsWith("Instance name is: "))
                            .findFirst()
                            .orElseThrow()
                            .substring("Instance name is: ".length());
            assertEquals(List.of(given + ",RUNNING"), lines("list", "-c", "ns"));
            lxc("image", "delete", fingerprint(TestImages.busybox()));
            for (String[] command :
                    new String[][] {
                        {"launch", "nowhere:ubuntu/trusty", "c1"},
                        {"image", "copy", "nowhere:ubuntu/trusty", "local:"}
                    }) {
                Output refused = client.run(command).exits(1);
                assertTrue(refused.err().contains("nowhere.invalid"), refused.toString());
            }
            assertEquals(List.of(given), lines("list", "-c", "n"));
            assertEquals(List.of(), lines("image", "list", "-c", "f"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void d4_24_x3_11_imagesOfAllKindsAndOf32Bits(String name) throws IOException {
        Path folder = unpacked();
        Files.writeString(
                folder.resolve("metadata.yaml"), "architecture: i686\ncreation_date: 1470920887\n");
        Path meta = scratch.resolve("meta.tar.xz");
        Path tar = scratch.resolve("rootfs.tar.xz");
        Path squashfs = scratch.resolve("rootfs.squashfs");
        Program.of("tar", "-C", folder.toString(), "-cJf")
                .run(meta.toString(), "metadata.yaml")
                .ok();
        Path root = folder.resolve("rootfs");
        Program.of("tar", "-C", root.toString(), "-cJf").run(tar.toString(), ".").ok();
        Program.of("mksquashfs")
                .run(root.toString(), squashfs.toString(), "-quiet", "-noappend")
                .ok();
        Program client = client(name);
        client.run(
                        "image",
                        "import",
                        imageWithoutProperties("x86_64").toString(),
                        "--alias=unified")
                .ok();
        for (Path rootfs : List.of(tar, squashfs)) {
            String alias = rootfs.getFileName().toString().replaceAll(".*\\.", "");
            client.run("image", "import", meta.toString(), rootfs.toString(), "--alias=" + alias)
                    .ok();
        }
        for (String kind : List.of("unified", "xz", "squashfs")) {
            client.run("launch", kind, "c-" + kind).ok();
            String machine = kind.equals("unified") ? "x86_64" : "i686";
            assertEquals(machine + "\n", lxc("exec", "c-" + kind, "--", "uname", "-m"), kind);
            String ofInit = "while read -r line; do echo $line; done < /proc/1/personality";
            assertEquals(
                    kind.equals("unified") ? "00000000\n" : "00000008\n",
                    lxc("exec", "c-" + kind, "--", "sh", "-c", ofInit),
                    kind);
        }
    }

    /// The metadata as the slides have it, and templates at each of their moments.
    @Test
    void x3_12_metadataAndTemplates() throws IOException {
        String verbatim =
                """
                architecture: "x86_64"
                creation_date: 1470920887
                properties:
                  architecture: "x86_64"
                  description: "Custom development image"
                  os: "fedora"
                  release: "1.2.3"
                templates:
                """;
        lxc(
                "image",
                "import",
                image("verbatim.tar.gz", verbatim, List.of()).toString(),
                "--alias=v");
        assertTrue(lxc("image", "show", "v").contains("release: 1.2.3\n"));
        lxc("launch", "v", "v1");
        String more =
                verbatim
                        + """
                          /made: {when: [create], template: one.tpl}
                          /copied: {when: [copy], template: one.tpl}
                          /started: {when: [start], template: one.tpl}
                        """;
        lxc("image", "import", image("t.tar.gz", more, List.of("one.tpl")).toString(), "--alias=t");
        lxc("init", "t", "t1");
        lxc("start", "t1");
        assertEquals("create of t1 on /made\n", lxc("exec", "t1", "--", "cat", "/made"));
        assertEquals("start of t1 on /started\n", lxc("exec", "t1", "--", "cat", "/started"));
        daemon.lxc().run("exec", "t1", "--", "cat", "/copied").exits(1);
        lxc("exec", "t1", "--", "rm", "/made");
        lxc("stop", "--force", "t1");
        lxc("copy", "t1", "t2");
        lxc("start", "t2");
        assertEquals("copy of t2 on /copied\n", lxc("exec", "t2", "--", "cat", "/copied"));
        assertEquals("start of t2 on /started\n", lxc("exec", "t2", "--", "cat", "/started"));
        daemon.lxc().run("exec", "t2", "--", "cat", "/made").exits(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lxc", "atoll"})
    void x3_17_18_19_anInstanceBecomesAnImage(String name) throws IOException {
        importBusybox();
        Program client = client(name);
        client.run("launch", "busybox", "container").ok();
        lxc("exec", "container", "--", "touch", "/root/kept");
        client.run("stop", "container", "--force").ok();
        client.run("publish", "container", "--alias", "test").ok();
        Path editor =
                Files.writeString(scratch.resolve("ed"), "sed -i 's/^public: .*/public: true/' $1");
        Program editing = client.with("EDITOR", "sh " + editor);
        assertTrue(client.run("image", "show", "test").ok().out().contains("public: false\n"));
        try (Terminal terminal = Terminal.start(editing, WINDOW, "image", "edit", "test")) {
            assertEquals(0, terminal.exit());
        }
        assertTrue(client.run("image", "show", "test").ok().out().contains("public: true\n"));
        client.run("launch", "test", "again").ok();
        assertEquals("/root/kept\n", lxc("exec", "again", "--", "ls", "/root/kept"));
    }

    @Test
    void x3_20_kindsOfContainers() throws IOException {
        importBusybox();
        lxc("launch", "busybox", "plain");
        lxc("launch", "busybox", "free", "--config=security.privileged=true");
        lxc("launch", "busybox", "gone", "--ephemeral");
        assertEquals("0", uidOfInit("free"));
        assertTrue(Long.parseLong(uidOfInit("plain")) >= 65_536);
        assertTrue(Long.parseLong(uidOfInit("gone")) >= 65_536);
        lxc("exec", "plain", "--", "touch", "/root/kept");
        lxc("stop", "--force", "plain", "free", "gone");
        Await.until("it to be gone", SOON, () -> !lines("list", "-c", "n").contains("gone"));
        assertEquals(List.of("free", "plain"), lines("list", "-c", "n"));
        lxc("start", "plain");
        lxc("exec", "plain", "--", "ls", "/root/kept");
    }

    private String uidOfInit(String name) throws IOException {
        String pid = lines("list", "^" + name + "$", "-c", "p").getFirst();
        return Files.readString(Path.of("/proc", pid, "status"))
                .lines()
                .filter(line -> line.startsWith("Uid:"))
                .findFirst()
                .orElseThrow()
                .split("\\s+")[1];
    }

    /// What instances share is in a profile, and reaches those that run.
    @Test
    void x3_21_22_configurationOfItsOwnAndOfAProfile() throws IOException {
        importBusybox();
        Path shared = Files.createDirectories(scratch.resolve("shared"));
        Files.writeString(shared.resolve("note"), "from outside");
        lxc("launch", "busybox", "c1", "--config=limits.memory=64MiB");
        lxc("launch", "busybox", "c2", "--config=raw.lxc=lxc.environment = RAW=yes");
        String one =
                lxc("config", "show", "c1").replaceFirst("description: \"\"", "description: d");
        daemon.lxc().runWith(bytes(one), "config", "edit", "c1").ok();
        assertEquals(List.of("c1,d", "c2,"), lines("list", "-c", "nd"));
        assertEquals(List.of("c1,64MiB"), lines("list", "c1", "-c", "n,limits.memory:M"));
        assertTrue(
                lxc("exec", "c2", "--", "sh", "-c", "tr '\\0' '\\n' </proc/1/environ")
                        .contains("RAW=yes\n"));
        lxc("profile", "set", "default", "environment.SHARED=yes");
        lxc(
                "profile",
                "device",
                "add",
                "default",
                "share",
                "disk",
                "source=" + shared,
                "path=/mnt/share");
        for (String name : List.of("c1", "c2")) {
            assertEquals(
                    "yes from outside",
                    lxc("exec", name, "--", "sh", "-c", "echo -n $SHARED ''; cat /mnt/share/note"));
        }
        lxc("profile", "device", "remove", "default", "share");
        lxc("profile", "unset", "default", "environment.SHARED");
        daemon.lxc().run("exec", "c1", "--", "cat", "/mnt/share/note").exits(1);
    }

    /// A bridge, addresses and names by hand, as whoever does not take the daemon's does.
    @Test
    void x3_08_aBridgeMadeByHand() throws IOException {
        importBusybox();
        String bridge = MARKER + "h";
        Program ip = Program.of("ip");
        ip.run("link", "add", bridge, "type", "bridge").ok();
        Process dnsmasq = null;
        try {
            ip.run("addr", "add", "10.231.98.1/24", "dev", bridge).ok();
            ip.run("link", "set", bridge, "up").ok();
            dnsmasq =
                    Program.of("dnsmasq")
                            .builder(
                                    "--keep-in-foreground",
                                    "--conf-file=/dev/null",
                                    "--interface=" + bridge,
                                    "--bind-interfaces",
                                    "--except-interface=lo",
                                    "--pid-file=",
                                    "--dhcp-leasefile=" + scratch.resolve("leases"),
                                    "--dhcp-range=10.231.98.50,10.231.98.60",
                                    "--user=root")
                            .inheritIO()
                            .start();
            lxc("init", "busybox", "c1");
            lxc(
                    "config",
                    "device",
                    "add",
                    "c1",
                    "eth0",
                    "nic",
                    "nictype=bridged",
                    "parent=" + bridge);
            lxc("start", "c1");
            lxc("exec", "c1", "--", "udhcpc", "-i", "eth0", "-n", "-q", "-s", "/etc/udhcpc.script");
            String address = lines("list", "-c", "4").getFirst();
            assertTrue(address.matches("10\\.231\\.98\\.(5\\d|60) \\(eth0\\)"), address);
            lxc("exec", "c1", "--", "ping", "-c", "1", "-W", "5", "10.231.98.1");
        } finally {
            if (dnsmasq != null) {
                dnsmasq.destroyForcibly();
            }
            lxc("delete", "--force", "c1");
            ip.run("link", "delete", bridge);
        }
    }

    /// Copies of one build environment at once, each with files and processes of its own.
    @Test
    void x3_27_severalBuildsAtOnce() throws Exception {
        importBusybox();
        lxc("init", "busybox", "base");
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> builds = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                String name = "b" + i;
                builds.add(
                        threads.submit(() -> {
                            lxc("copy", "base", name, "--ephemeral");
                            lxc("start", name);
                            String work =
                                    "ls /tmp; echo $(hostname) >/tmp/out; cat /tmp/out;"
                                            + " ps | grep -c '[s]leep'; ls /sys/class/net";
                            String seen = lxc("exec", name, "--", "sh", "-c", work);
                            lxc("stop", "--force", name);
                            return seen;
                        }));
            }
            for (int i = 0; i < AT_ONCE; i++) {
                assertEquals("b" + i + "\n0\neth0\nlo\n", builds.get(i).get());
            }
        }
        Await.until("all to be gone", SOON, () -> lines("list", "-c", "n").equals(List.of("base")));
    }
}
