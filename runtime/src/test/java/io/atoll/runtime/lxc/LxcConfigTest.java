package io.atoll.runtime.lxc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LxcConfigTest {
    /// A value that each kind accepts, so that a test can walk all rows.
    private static final Map<LxcValue, String> SAMPLES =
            Map.ofEntries(
                    Map.entry(LxcValue.TEXT, "x"),
                    Map.entry(LxcValue.BOOL, "1"),
                    Map.entry(LxcValue.UNSIGNED, "7"),
                    Map.entry(LxcValue.INTEGER, "-3"),
                    Map.entry(LxcValue.SIZE, "128KB"),
                    Map.entry(LxcValue.NAME, "n"),
                    Map.entry(LxcValue.INTERFACE, "eth0"),
                    Map.entry(LxcValue.LINK, "eth+"),
                    Map.entry(LxcValue.ABSOLUTE_PATH, "/a"),
                    Map.entry(LxcValue.UNIX_SOCKET, "unix:@a"),
                    Map.entry(LxcValue.RELATIVE_PATH, "a/b"),
                    Map.entry(LxcValue.SIGNAL, "SIGRTMIN+3"),
                    Map.entry(LxcValue.ARCH, "linux32"),
                    Map.entry(LxcValue.MAC, "00:16:3e:xx:xx:xx"),
                    Map.entry(LxcValue.IPV4, "10.0.3.5/24 10.0.3.255"),
                    Map.entry(LxcValue.IPV6, "2003:db8:1:0:214:1234:fe0b:3596/64"),
                    Map.entry(LxcValue.GATEWAY4, "auto"),
                    Map.entry(LxcValue.GATEWAY6, "2003:db8::1"),
                    Map.entry(LxcValue.NET_TYPE, "veth"),
                    Map.entry(LxcValue.NET_FLAGS, "up"),
                    Map.entry(LxcValue.VETH_MODE, "router"),
                    Map.entry(LxcValue.MACVLAN_MODE, "vepa"),
                    Map.entry(LxcValue.IPVLAN_MODE, "l3s"),
                    Map.entry(LxcValue.IPVLAN_ISOLATION, "vepa"),
                    Map.entry(LxcValue.VLAN_ID, "4095"),
                    Map.entry(LxcValue.VLAN_ID_OR_NONE, "none"),
                    Map.entry(LxcValue.IDMAP, "u 0 100000 65536"),
                    Map.entry(LxcValue.NAMESPACES, "net ipc"),
                    Map.entry(LxcValue.MOUNT_ENTRY, "/a b none bind 0 0"),
                    Map.entry(LxcValue.MOUNT_AUTO, "proc:mixed sys:ro cgroup:rw:force"),
                    Map.entry(LxcValue.RLIMIT, "1024:unlimited"),
                    Map.entry(LxcValue.TIME_OFFSET, "10d".replace('d', 'h')),
                    Map.entry(LxcValue.ENVIRONMENT, "A=b=c"),
                    Map.entry(LxcValue.FACILITY, "local3"),
                    Map.entry(LxcValue.LOG_LEVEL, "debug"),
                    Map.entry(LxcValue.HOOK_VERSION, "1"));

    private static LxcConfig parse(String text) {
        return LxcConfig.parse(text, "config", LxcIncludes.none());
    }

    private static String concrete(LxcKey key) {
        return key.pattern().replace("lxc.net.*", "lxc.net.3").replaceFirst("\\*$", "x.y");
    }

    @Test
    void everyRowIsSetReadAndCleared() {
        Set<String> seen = new HashSet<>();
        for (LxcKey key : LxcKeys.ALL) {
            assertTrue(seen.add(key.pattern()), "twice: " + key.pattern());
            assertFalse(key.doc().isBlank());
            String name = concrete(key);
            String sample = SAMPLES.get(key.value());
            assertTrue(key.value().accepts(sample), name);
            LxcConfig config = parse(name + " = " + sample + "\n");
            assertEquals(Optional.of(sample), config.find(name), name);
            config.set(name, sample);
            assertEquals(key.isList() ? 2 : 1, config.all(name).size(), name);
            config.set(name, "");
            assertEquals(Optional.empty(), config.find(name), name);
            assertEquals("", config.render(), name);
        }
    }

    @Test
    void everyLegacyNameMeansItsCurrentKey() {
        for (LxcKey key : LxcKeys.ALL) {
            for (String old : key.legacy()) {
                String written = old.replaceFirst("\\*$", "x.y");
                LxcConfig config = parse(written + " = " + SAMPLES.get(key.value()) + "\n");
                assertEquals(1, config.all(concrete(key)).size(), old);
                assertTrue(config.hasLegacyKeys());
            }
        }
    }

    @Test
    void everyKindRefusesSomethingAndSaysWhatItTakes() {
        Set<LxcValue> free = Set.of(LxcValue.TEXT);
        for (LxcValue value : LxcValue.values()) {
            if (!free.contains(value)) {
                boolean refuses =
                        List.of("=", "/..", "a b c d e/" + "x".repeat(70)).stream()
                                .anyMatch(v -> !value.accepts(v));
                assertTrue(refuses, value.name());
            }
            assertFalse(value.range().isBlank());
        }
    }

    @Test
    void readsTheArticlesThreeInterfaces() {
        LxcConfig config =
                parse(
                        """
                        lxc.network.type = veth
                        lxc.network.hwaddr = 00:16:3e:3a:f1:c1
                        lxc.network.flags = up
                        lxc.network.link = lxcbr0
                        lxc.network.name = eth0
                        lxc.network.type = veth
                        lxc.network.link = virbr0
                        lxc.network.name = virt0
                        lxc.network.type = phys
                        lxc.network.link = eth2
                        lxc.network.name = eth1
                        """);
        assertEquals(List.of(0, 1, 2), List.copyOf(config.networks()));
        assertEquals(Optional.of("00:16:3e:3a:f1:c1"), config.find("lxc.net.0.hwaddr"));
        assertEquals(Optional.of("virt0"), config.find("lxc.net.1.name"));
        assertEquals(Optional.of("phys"), config.find("lxc.net.2.type"));
        assertEquals(Optional.of("eth2"), config.find("lxc.net.2.link"));
        assertEquals(Optional.empty(), config.find("lxc.net.1.hwaddr"));
    }

    @Test
    void keepsTheFileAsItWasWritten() {
        String text =
                "# a comment\n\n lxc.uts.name  =  p1\nsomething else\nlxc.cgroup.cpu.shares='7'\n";
        LxcConfig config = parse(text);
        assertEquals(text, config.render());
        assertEquals(Optional.of("7"), config.find("lxc.cgroup.cpu.shares"));
        config.set("lxc.uts.name", "p2");
        config.set("lxc.group", "web");
        assertEquals(
                "# a comment\n\nsomething else\nlxc.cgroup.cpu.shares='7'\nlxc.uts.name = p2\nlxc.group = web\n",
                config.render());
        config.clear("lxc.cgroup");
        assertEquals(
                "# a comment\n\nsomething else\nlxc.uts.name = p2\nlxc.group = web\n",
                config.render());
    }

    @Test
    void emptyValuesClear() {
        String hooks = "lxc.hook.mount = a\nlxc.hook.start = b\n";
        assertEquals(2, parse(hooks).below("lxc.hook.").size());
        assertEquals(0, parse(hooks + "lxc.hook =\n").below("lxc.hook.").size());
        assertEquals(
                List.of("b"),
                parse("lxc.group = a\nlxc.group =\nlxc.group = b\n").all("lxc.group"));
        String nets = "lxc.net.0.type = veth\nlxc.net.1.type = empty\n";
        assertEquals(List.of(1), List.copyOf(parse(nets + "lxc.net.0 =\n").networks()));
        assertEquals(0, parse(nets + "lxc.net =\n").networks().size());
        assertEquals(0, parse(nets + "lxc.network =\n").networks().size());
    }

    @Test
    void namesTheNearestKey() {
        InvalidConfigException e =
                assertThrows(
                        InvalidConfigException.class, () -> parse("\nlxc.net.0.tpye = veth\n"));
        assertEquals(
                "config:2: Unsupported config key \"lxc.net.0.tpye\", did you mean lxc.net.*.type?",
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lxc.start.auto = yes",
                "lxc.idmap = x 0 1 2",
                "lxc.idmap = u 0 1",
                "lxc.net.0.type = bridge",
                "lxc.net.0.hwaddr = 00:16",
                "lxc.net.0.ipv4.address = 300.1.1.1",
                "lxc.net.x.type = veth",
                "lxc.signal.halt = SIGNONE",
                "lxc.arch = vax",
                "lxc.cgroup.dir = ../x",
                "lxc.tty.max = -1",
                "lxc.mount.auto = proc:no",
                "lxc.include = /etc/passwd",
                "lxc.uts.name"
            })
    void rejectsBadLinesNamingThem(String line) {
        InvalidConfigException e =
                assertThrows(InvalidConfigException.class, () -> parse("#\n" + line + "\n"));
        assertTrue(e.getMessage().startsWith("config:2: "), e.getMessage());
    }

    @Test
    void followsIncludesAndStopsAtALoop() {
        LxcIncludes loop =
                (path, _) -> List.of(new LxcIncludes.Included(path, "lxc.include = again\n"));
        assertThrows(
                InvalidConfigException.class,
                () -> LxcConfig.parse("lxc.include = x\n", "config", loop));
        LxcIncludes one =
                (path, _) ->
                        List.of(
                                new LxcIncludes.Included(
                                        path, "lxc.tty.max = 4\nlxc.pts = 1024\n"));
        LxcConfig config = LxcConfig.parse("lxc.include = x\nlxc.tty.max = 2\n", "config", one);
        assertEquals(Optional.of("2"), config.find("lxc.tty.max"));
        assertEquals(Optional.of("1024"), config.find("lxc.pty.max"));
        assertEquals("lxc.include = x\nlxc.tty.max = 2\n", config.render());
    }

    @ParameterizedTest
    @CsvSource({
        "SIGPWR,30",
        "pwr,30",
        "9,9",
        "SIGRTMIN+3,37",
        "RTMAX-1,63",
        "SIGRTMIN,34",
        "sigint,2"
    })
    void findsSignals(String text, int number) {
        assertEquals(OptionalInt.of(number), Signals.find(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "0", "65", "SIGRTMIN+31", "SIGRTMIN-1", "RTMAX+1", "SIGSIGPWR", "99999"})
    void refusesWhatIsNoSignal(String text) {
        assertEquals(OptionalInt.empty(), Signals.find(text));
    }

    /// Whatever the text, reading ends with a configuration or a clear refusal.
    @Test
    void survivesRandomText() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        String alphabet = "lxc.net0=u= \n\"'#/:+-type.idmap.network.cgroup.mount.entry";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder("lxc.");
            int length = random.nextInt(60);
            for (int j = 0; j < length; j++) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                assertEquals(
                        text.toString().strip(),
                        parse(text.toString()).render().strip(),
                        "seed " + seed);
            } catch (InvalidConfigException e) {
                assertTrue(
                        e.getMessage().startsWith("config:"),
                        "seed " + seed + ": " + e.getMessage());
            }
        }
    }
}
