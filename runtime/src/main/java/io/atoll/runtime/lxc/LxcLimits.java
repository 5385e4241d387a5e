package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.compiler.CgroupWrite;
import io.atoll.runtime.spec.Capability;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.LimitsSpec.RawKey;
import io.atoll.runtime.spec.Rlimit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Cgroup keys, resource limits and capabilities. Pure.
final class LxcLimits {
    private static final String V1 = "lxc.cgroup.";
    private static final String V2 = "lxc.cgroup2.";

    private LxcLimits() {}

    /// The rules of the device cgroup: those of `lxc.cgroup2.…` on a host with nothing but version
    /// 2, else those of `lxc.cgroup.…`; on a version 2 host without any, those for version 1 hold
    /// too.
    static List<DeviceRule> devices(LxcConfig config, boolean isPureV2) {
        List<DeviceRule> own = devices(config, isPureV2 ? V2 : V1);
        return own.isEmpty() && isPureV2 ? devices(config, V1) : own;
    }

    private static List<DeviceRule> devices(LxcConfig config, String prefix) {
        List<DeviceRule> rules = new ArrayList<>();
        for (LxcConfig.Setting setting : config.below(prefix + "devices.")) {
            boolean isAllowed = setting.key().endsWith(".allow");
            if (!isAllowed && !setting.key().endsWith(".deny")) {
                throw new InvalidConfigException(
                        setting.where()
                                + ": "
                                + setting.key()
                                + ": expected devices.allow or devices.deny");
            }
            try {
                rules.add(DeviceRule.parse(isAllowed, setting.value()));
            } catch (InvalidConfigException e) {
                throw new InvalidConfigException(setting.where() + ": " + e.getMessage(), e);
            }
        }
        return rules;
    }

    /// All other cgroup keys. The limit of memory precedes that of memory with swap, which must not
    /// be below it.
    static LimitsSpec limits(LxcConfig config) {
        List<RawKey> raw = new ArrayList<>();
        for (RawKey.Version version : RawKey.Version.values()) {
            String prefix = version == RawKey.Version.V1 ? V1 : V2;
            for (LxcConfig.Setting setting : config.below(prefix)) {
                String key = setting.key().substring(prefix.length());
                if (!key.startsWith("devices.") && !isPlacement(key)) {
                    raw.add(new RawKey(version, key, setting.value()));
                }
            }
        }
        raw.sort((a, b) -> Boolean.compare(isSwap(a), isSwap(b)));
        return new LimitsSpec(
                LimitsSpec.Memory.NONE,
                LimitsSpec.Cpu.NONE,
                OptionalLong.empty(),
                LimitsSpec.Io.NONE,
                List.of(),
                raw);
    }

    /// The cgroup keys that a start passes over, since they are for the version that this host does
    /// not use for them; each as a sentence. Rules for devices are none of them if there are such
    /// for the other version too, as in the configurations that templates include.
    static List<String> unused(LxcConfig config, CgroupLayout layout) {
        List<String> out = new ArrayList<>();
        boolean isPureV2 = layout.kind() == CgroupLayout.Kind.V2;
        if (!isPureV2 && devices(config, V1).isEmpty() && !devices(config, V2).isEmpty()) {
            out.add(V2 + "devices.* is not used: " + whereabouts("devices", layout));
        }
        for (RawKey key : limits(config).raw()) {
            if (CgroupWrite.place(key, layout).isEmpty()) {
                String prefix = key.version() == RawKey.Version.V1 ? V1 : V2;
                out.add(
                        prefix
                                + key.key()
                                + " is not used: "
                                + whereabouts(key.controller(), layout));
            }
        }
        return out;
    }

    private static String whereabouts(String controller, CgroupLayout layout) {
        return layout.controller(controller)
                .map(h ->
                        "controller "
                                + controller
                                + " is on cgroup version "
                                + h.version()
                                + " here, use keys of "
                                + (h.version() == 1 ? V1 : V2)
                                + controller)
                .orElse("there is no cgroup controller " + controller + " to use here");
    }

    private static boolean isSwap(RawKey key) {
        return key.key().startsWith("memory.memsw.");
    }

    private static boolean isPlacement(String key) {
        return key.equals("dir") || key.startsWith("dir.") || key.equals("relative");
    }

    /// `lxc.prlimit.*`.
    static List<Rlimit> rlimits(LxcConfig config) {
        List<Rlimit> out = new ArrayList<>();
        for (LxcConfig.Setting setting : config.below("lxc.prlimit.")) {
            String name = setting.key().substring("lxc.prlimit.".length());
            String[] values = setting.value().split(":");
            long soft = number(values[0]);
            out.add(
                    new Rlimit(
                            Rlimit.Resource.parse(name),
                            soft,
                            values.length > 1 ? number(values[1]) : soft));
        }
        return out;
    }

    private static long number(String text) {
        return text.strip().equals("unlimited") ? Rlimit.INFINITY : Long.parseLong(text.strip());
    }

    /// The capabilities that stay: all but those dropped, or only those kept.
    static Set<Capability> bounding(LxcConfig config) {
        List<String> kept = config.all("lxc.cap.keep");
        List<String> dropped = config.all("lxc.cap.drop");
        if (!kept.isEmpty() && !dropped.isEmpty()) {
            throw new InvalidConfigException(
                    "lxc.cap.keep and lxc.cap.drop exclude each other; use one of them");
        }
        Set<Capability> out =
                kept.isEmpty() ? EnumSet.allOf(Capability.class) : EnumSet.noneOf(Capability.class);
        for (String value : kept) {
            for (String word : LxcText.list(value)) {
                if (word.equals("none")) {
                    out.clear();
                } else {
                    capability(word).ifPresent(out::add);
                }
            }
        }
        for (String value : dropped) {
            LxcText.list(value).forEach(word -> capability(word).ifPresent(out::remove));
        }
        return out;
    }

    /// Numbers and names of capabilities that this kernel or we do not know are left out, as LXC
    /// does: a configuration may be newer than the host.
    private static Optional<Capability> capability(String word) {
        try {
            return Optional.of(Capability.parse(word.toLowerCase(Locale.ROOT)));
        } catch (InvalidConfigException _) {
            return Optional.empty();
        }
    }
}
