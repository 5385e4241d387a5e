package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.spec.AutoMounts;
import io.atoll.runtime.spec.Capability;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.DeviceSpec;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.InitSpec;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.LimitsSpec.RawKey;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.runtime.spec.ProcessSpec;
import io.atoll.runtime.spec.Rlimit;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.runtime.spec.SecuritySpec;
import io.atoll.runtime.spec.SignalSpec;
import io.atoll.runtime.spec.Supervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BinaryOperator;

/// `raw.lxc` of LXD: lines of lxc.container.conf(5) on top of a container that something else has
/// configured. Every value is read as in a whole configuration; what the caller decides itself, as
/// root, id map, network and log, is refused by name.
public final class RawLxc {
    private static final String NAME = "raw.lxc";

    /// Keys that can be added; one that ends in a dot stands for all below it.
    private static final List<String> ACCEPTED =
            List.of(
                    "lxc.apparmor.profile",
                    "lxc.cap.drop",
                    "lxc.cap.keep",
                    "lxc.cgroup.",
                    "lxc.cgroup2.",
                    "lxc.environment",
                    "lxc.hook.",
                    "lxc.init.cmd",
                    "lxc.init.cwd",
                    "lxc.init.gid",
                    "lxc.init.uid",
                    "lxc.keyring.session",
                    "lxc.mount.auto",
                    "lxc.mount.entry",
                    "lxc.mount.fstab",
                    "lxc.no_new_privs",
                    "lxc.prlimit.",
                    "lxc.proc.",
                    "lxc.seccomp.notify.",
                    "lxc.seccomp.profile",
                    "lxc.selinux.context",
                    "lxc.selinux.context.keyring",
                    "lxc.signal.",
                    "lxc.sysctl.",
                    "lxc.tty.max");

    private static final List<String> PLACEMENT = List.of("dir", "relative");

    private final LxcConfig config;
    private final boolean isPureV2;

    private RawLxc(LxcConfig config, boolean isPureV2) {
        this.config = config;
        this.isPureV2 = isPureV2;
    }

    /// Reads the lines for this host. Files that they include are read.
    ///
    /// @throws InvalidConfigException naming the key that is unknown, wrong or not to be set here
    public static RawLxc parse(String text) {
        return parse(text, CgroupLayout.detect().kind() == CgroupLayout.Kind.V2);
    }

    /// Reads the lines.
    ///
    /// @param isPureV2 true if the host has nothing but cgroup version 2
    /// @throws InvalidConfigException naming the key that is unknown, wrong or not to be set here
    static RawLxc parse(String text, boolean isPureV2) {
        LxcConfig config = LxcConfig.parse(text, NAME, LxcIncludes.files());
        for (LxcConfig.Setting setting : config.settings()) {
            if (!isAccepted(setting.key())) {
                throw new InvalidConfigException(
                        "Setting "
                                + setting.key()
                                + " in raw.lxc is not allowed: the daemon decides it");
            }
        }
        return new RawLxc(config, isPureV2);
    }

    private static boolean isAccepted(String key) {
        boolean isPlacement =
                PLACEMENT.stream()
                        .anyMatch(word -> key.matches("lxc\\.cgroup2?\\." + word + "(\\..*)?"));
        return !isPlacement
                && ACCEPTED.stream()
                        .anyMatch(a -> a.endsWith(".") ? key.startsWith(a) : key.equals(a));
    }

    /// The container with these lines added; where a thing can be there only once, they win.
    public ContainerSpec addTo(ContainerSpec base) {
        return base.withAutoMounts(autoMounts(base.autoMounts()))
                .withMounts(joined(base.mounts(), mounts()))
                .withDevices(devices(base.devices()))
                .withLimits(limits(base.limits()))
                .withSecurity(security(base.security()))
                .withProcess(process(base.process()))
                .withInit(init(base.init()))
                .withSignals(signals(base.signals()))
                .withHooks(joined(base.hooks(), hooks(base)));
    }

    private static <T> List<T> joined(List<T> first, List<T> then) {
        List<T> all = new ArrayList<>(first);
        all.addAll(then);
        return all;
    }

    private static <V> Map<String, V> joined(Map<String, V> first, Map<String, V> then) {
        Map<String, V> all = new TreeMap<>(first);
        all.putAll(then);
        return all;
    }

    private AutoMounts autoMounts(AutoMounts base) {
        List<String> words = config.all("lxc.mount.auto");
        AutoMounts own = LxcMounts.auto(words, base.isNestable());
        return new AutoMounts(
                own.proc() == AutoMounts.Proc.NONE ? base.proc() : own.proc(),
                own.sys() == AutoMounts.Sys.NONE ? base.sys() : own.sys(),
                own.cgroup() == AutoMounts.Cgroup.NONE ? base.cgroup() : own.cgroup(),
                base.isNestable(),
                base.hasOwnBootId());
    }

    private List<MountSpec> mounts() {
        LxcMounts parser = new LxcMounts(Optional.empty());
        List<MountSpec> all = new ArrayList<>(LxcMounts.shared(config.all("lxc.mount.auto")));
        config.find("lxc.mount.fstab")
                .ifPresent(file -> all.addAll(parser.parseFile(read(file), file)));
        for (LxcConfig.Setting setting : config.below("lxc.mount.entry")) {
            all.add(parser.parse(setting.value(), setting.where()));
        }
        return all;
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new InvalidConfigException("raw.lxc: cannot read " + file + ": " + e, e);
        }
    }

    private DeviceSpec devices(DeviceSpec base) {
        List<DeviceRule> rules = joined(base.rules(), LxcLimits.devices(config, isPureV2));
        int ttys = config.find("lxc.tty.max").map(Integer::decode).orElse(base.ttyCount());
        return new DeviceSpec(
                base.isPopulated(),
                Math.min(ttys, DeviceSpec.TTYS_MAX),
                base.nodes(),
                rules,
                base.ttyDirectory(),
                base.sizeBytes(),
                base.ptyCount());
    }

    private LimitsSpec limits(LimitsSpec base) {
        List<RawKey> raw = joined(base.raw(), LxcLimits.limits(config).raw());
        return new LimitsSpec(
                base.memory(), base.cpu(), base.pidsMax(), base.io(), base.hugepages(), raw);
    }

    private SecuritySpec security(SecuritySpec base) {
        Set<Capability> bounding = EnumSet.noneOf(Capability.class);
        bounding.addAll(base.bounding());
        bounding.retainAll(LxcLimits.bounding(config));
        SeccompSpec seccomp =
                config.find("lxc.seccomp.profile")
                        .map(file -> LxcSeccomp.parse(read(file), file))
                        .orElse(base.seccomp());
        // A profile that somebody names stands instead of the one of its own.
        Optional<String> profile = config.find("lxc.apparmor.profile");
        Optional<String> label =
                profile.filter(p -> !p.equals("generated") && !p.equals("unchanged"))
                        .or(() -> config.find("lxc.selinux.context"))
                        .or(base::lsmLabel);
        return new SecuritySpec(
                bounding,
                isOn("lxc.no_new_privs", base.isNoNewPrivs()),
                seccomp,
                label,
                isOn("lxc.keyring.session", base.hasOwnKeyring()),
                profile.orElse("generated").equals("generated") ? base.profile() : Optional.empty(),
                base.interceptions(),
                base.patience(),
                config.find("lxc.selinux.context.keyring").or(base::keyringLabel),
                supervisor().or(base::supervisor));
    }

    private Optional<Supervisor> supervisor() {
        return config.find("lxc.seccomp.notify.proxy")
                .map(address ->
                        Supervisor.parse(
                                address, config.find("lxc.seccomp.notify.cookie").orElse("")));
    }

    private boolean isOn(String key, boolean fallback) {
        return config.find(key).map("1"::equals).orElse(fallback);
    }

    private ProcessSpec process(ProcessSpec base) {
        Map<Rlimit.Resource, Rlimit> rlimits = new TreeMap<>();
        base.rlimits().forEach(limit -> rlimits.put(limit.resource(), limit));
        LxcLimits.rlimits(config).forEach(limit -> rlimits.put(limit.resource(), limit));
        return new ProcessSpec(
                List.copyOf(rlimits.values()),
                base.oomScoreAdj(),
                joined(base.sysctls(), below("lxc.sysctl.")),
                joined(base.proc(), below("lxc.proc.")),
                base.personality());
    }

    private Map<String, String> below(String prefix) {
        Map<String, String> values = new TreeMap<>();
        for (LxcConfig.Setting setting : config.below(prefix)) {
            values.put(setting.key().substring(prefix.length()), setting.value());
        }
        return values;
    }

    private InitSpec init(InitSpec base) {
        return new InitSpec(
                config.find("lxc.init.cmd").map(LxcText::words).orElse(base.argv()),
                config.find("lxc.init.uid").map(Long::decode).orElse(base.uid()),
                config.find("lxc.init.gid").map(Long::decode).orElse(base.gid()),
                base.groups(),
                config.find("lxc.init.cwd").orElse(base.cwd()),
                joined(base.env(), LxcCompiler.configured(config, Map.of())));
    }

    private SignalSpec signals(SignalSpec base) {
        BinaryOperator<OptionalInt> either = (own, other) -> own.isPresent() ? own : other;
        return new SignalSpec(
                either.apply(signal("lxc.signal.halt"), base.halt()),
                either.apply(signal("lxc.signal.reboot"), base.reboot()),
                either.apply(signal("lxc.signal.stop"), base.stop()));
    }

    private OptionalInt signal(String key) {
        return config.find(key).map(Signals::find).orElse(OptionalInt.empty());
    }

    private List<HookSpec> hooks(ContainerSpec base) {
        Map<String, String> env = new TreeMap<>();
        env.put("LXC_NAME", base.id());
        env.put("LXC_HOOK_VERSION", config.find("lxc.hook.version").orElse("0"));
        env.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        return new LxcHooks(base.id(), config, env).of(config, base.devices().isPopulated());
    }
}
