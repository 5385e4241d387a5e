package io.atoll.daemon.instance.config;

import io.atoll.runtime.spec.MacAddress;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/// Names and values of `volatile.*` keys: what the daemon remembers of an instance between starts.
public final class Volatile {
    private static final String PREFIX = "volatile.";

    /// Of a device: all but the addresses and names that clients may choose.
    private static final Pattern DEVICE_NOTE =
            Pattern.compile("\\.host_name$|\\.[^.]+\\.last_state\\.[^.]+(\\.[^.]+)?$");

    private Volatile() {}

    /// Hardware address of an interface inside.
    public static String hwaddr(String device) {
        return PREFIX + device + ".hwaddr";
    }

    /// Whether a key is a hardware address of some device's.
    public static boolean isHwaddr(String key) {
        return key.startsWith(PREFIX) && key.endsWith(".hwaddr");
    }

    /// Name of the host's end of an interface, while the instance runs.
    public static String hostName(String device) {
        return PREFIX + device + ".host_name";
    }

    /// Name of an interface inside, where the device does not say it.
    public static String guestName(String device) {
        return PREFIX + device + ".name";
    }

    /// A hardware address with the prefix `00:16:3e` that LXD uses.
    public static MacAddress randomMac(RandomGenerator random) {
        int tail = random.nextInt(1 << 24);
        return new MacAddress(
                String.format(
                        "00:16:3e:%02x:%02x:%02x",
                        tail >> 16 & 0xff, tail >> 8 & 0xff, tail & 0xff));
    }

    /// A name for the host's end of an interface. Not used twice: the kernel takes an old one away
    /// some time after its namespace died.
    public static String randomHostName(RandomGenerator random) {
        return String.format("veth%08x", random.nextInt());
    }

    /// The keys of a new instance besides those of its ids and devices.
    ///
    /// @param trigger which templates run at the first start
    public static Map<String, String> ofNewInstance(TemplateTriggers.Origin trigger) {
        Map<String, String> out = new TreeMap<>();
        out.put(ConfigKeys.APPLY_TEMPLATE.name(), trigger.word());
        out.put(ConfigKeys.CLOUD_INIT_ID.name(), UUID.randomUUID().toString());
        out.put(ConfigKeys.INSTANCE_UUID.name(), UUID.randomUUID().toString());
        out.put(ConfigKeys.LAST_STATE_IDMAP.name(), "[]");
        return out;
    }

    /// The keys that say which ids the next start uses.
    public static Map<String, String> ofIds(IdmapAllocator.Allocation ids) {
        return Map.of(
                ConfigKeys.IDMAP_BASE_USED.name(), Long.toString(ids.base()),
                ConfigKeys.IDMAP_NEXT.name(), IdmapJson.render(ids.idmap()));
    }

    /// Whether a key is the daemon's own note, which it acts on later: the ids of the next start,
    /// or a link or device of the host that it takes away again. Nobody else writes those.
    public static boolean isNote(String key) {
        if (key.startsWith("volatile.idmap.") || key.equals(ConfigKeys.LAST_STATE_IDMAP.name())) {
            return true;
        }
        return key.startsWith(PREFIX) && DEVICE_NOTE.matcher(key).find();
    }

    /// What a client wants, with the daemon's notes as they are.
    public static Map<String, String> withNotes(
            Map<String, String> wanted, Map<String, String> notes) {
        Map<String, String> out = new TreeMap<>(wanted);
        out.keySet().removeIf(Volatile::isNote);
        notes.forEach((key, value) -> {
            if (isNote(key)) {
                out.put(key, value);
            }
        });
        return out;
    }

    /// Only what a copy keeps: the keys of the user, and which image it all began with.
    public static Map<String, String> keptByCopy(Map<String, String> config) {
        Map<String, String> out = new TreeMap<>(config);
        out.keySet().removeIf(k -> k.startsWith(PREFIX) && !k.equals(ConfigKeys.BASE_IMAGE.name()));
        return out;
    }

    /// Only what an instance keeps when it goes to another server: that it is the same one, and the
    /// addresses that it is known by. What it was given here, as ids and interfaces, stays.
    public static Map<String, String> keptByMove(Map<String, String> config) {
        Map<String, String> out = new TreeMap<>(config);
        out.keySet().removeIf(key -> key.startsWith(PREFIX) && (isNote(key) || !isOfItself(key)));
        return out;
    }

    private static boolean isOfItself(String key) {
        return key.equals(ConfigKeys.BASE_IMAGE.name())
                || key.equals(ConfigKeys.INSTANCE_UUID.name())
                || key.equals(ConfigKeys.CLOUD_INIT_ID.name())
                || key.endsWith(".hwaddr")
                || key.endsWith(".name");
    }
}
