package io.atoll.daemon.instance.compile;

import io.atoll.base.Architecture;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.lxc.LxcSeccomp;
import io.atoll.runtime.lxc.RawLxc;
import io.atoll.runtime.spec.AutoMounts;
import io.atoll.runtime.spec.CgroupSpec;
import io.atoll.runtime.spec.ConsoleSpec;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.DeviceSpec;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.InitSpec;
import io.atoll.runtime.spec.Interception;
import io.atoll.runtime.spec.LimitsSpec;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.runtime.spec.NetworkSpec;
import io.atoll.runtime.spec.ProcessSpec;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.runtime.spec.SecuritySpec;
import io.atoll.storage.NestedDirectory;
import io.atoll.storage.RootfsLayers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/// Compiles an instance into the runtime's terms: what LXD 5.0 gives every container, and what its
/// keys and devices add.
public final class SpecCompiler {
    private static final int FUSE_MAJOR = 10;
    private static final int FUSE_MINOR = 229;
    private static final int TUN_MINOR = 200;
    private static final SeccompSpec.Action REFUSED = new SeccompSpec.Action.Errno(1);

    /// File systems of the host's kernel that init systems inside expect to find; shown where the
    /// host has them.
    private static final List<String> KERNEL_DIRECTORIES =
            List.of(
                    "/proc/sys/fs/binfmt_misc",
                    "/sys/fs/fuse/connections",
                    "/sys/fs/pstore",
                    "/sys/kernel/debug",
                    "/sys/kernel/security",
                    "/sys/kernel/tracing");

    private final HostResources host;

    public SpecCompiler(HostResources host) {
        this.host = host;
    }

    /// @throws InvalidConfigException if keys or devices cannot be had on this host
    public ContainerSpec compile(SpecInputs in) {
        InstanceConfig config = in.config();
        LimitsCompiler limits = new LimitsCompiler(host, in.cpus());
        ContainerSpec base =
                ContainerSpec.of(in.id(), root(in), in.idmap())
                        .withHostname(in.hostname())
                        .withAutoMounts(autoMounts(config))
                        .withMounts(mounts(in))
                        .withDevices(devices(in.parts().nodes()))
                        .withNetwork(new NetworkSpec(in.parts().nics(), true))
                        .withCgroup(new CgroupSpec(in.cgroup(), true))
                        .withLimits(withThrottles(limits.compile(config), in.parts().throttles()))
                        .withInit(
                                ApplicationInit.of(
                                        config, environment(config, in.parts().environment())))
                        .withSignals(ApplicationInit.signals(config))
                        .withConsole(ConsoleSpec.DEFAULT.loggingTo(in.consoleLog()));
        ContainerSpec whole =
                base.withProcess(
                                new ProcessSpec(
                                        limits.rlimits(config),
                                        OptionalInt.empty(),
                                        config.below(ConfigKeys.SYSCTL),
                                        Map.of(),
                                        personality(in.architecture())))
                        .withSecurity(
                                security(config, base.security())
                                        .withProfile(
                                                ProfileCompiler.compile(
                                                        config,
                                                        in.idmap().isPrivileged(),
                                                        in.appArmor(),
                                                        in.profile(),
                                                        in.profiles()))
                                        .withInterceptions(interceptions(in)));
        return config.get(ConfigKeys.RAW_LXC)
                .map(text -> RawLxc.parse(text).addTo(whole))
                .orElse(whole);
    }

    /// Programs of 32 bits that ask what machine this is are told one that they can run on.
    private static OptionalInt personality(String architecture) {
        boolean is32Bit = Architecture.find(architecture).filter(Architecture::is32Bit).isPresent();
        return is32Bit ? OptionalInt.of(ProcessSpec.PER_LINUX32) : OptionalInt.empty();
    }

    private static RootfsSpec root(SpecInputs in) {
        boolean isShifted =
                in.root().ids() == RootfsLayers.Ids.UNSHIFTED && !in.idmap().isPrivileged();
        boolean isReadOnly = in.parts().isRootReadOnly();
        return switch (in.root()) {
            case RootfsLayers.Directory(Path path, _) ->
                    new RootfsSpec.Directory(new RootfsSpec.Layer(path, isShifted), isReadOnly);
            case RootfsLayers.Overlay(List<Path> lowers, Path upper, Path work, _) ->
                    new RootfsSpec.Overlay(
                            lowers.stream().map(p -> new RootfsSpec.Layer(p, isShifted)).toList(),
                            new RootfsSpec.Layer(parent(upper), isShifted),
                            name(upper),
                            name(work),
                            RootfsLayers.Overlay.OPTIONS,
                            isReadOnly);
        };
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException("a layer cannot be the host's root");
        }
        return parent;
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }

    private static AutoMounts autoMounts(InstanceConfig config) {
        return config.is(ConfigKeys.NESTING) ? AutoMounts.DEFAULT.nestable() : AutoMounts.DEFAULT;
    }

    private static List<MountSpec> mounts(SpecInputs in) {
        List<MountSpec> out = new ArrayList<>();
        out.add(
                new MountSpec.FileSystem(
                        "mqueue",
                        "mqueue",
                        new GuestPath("/dev/mqueue"),
                        Set.of(MountFlag.NOSUID, MountFlag.NODEV, MountFlag.NOEXEC),
                        List.of(),
                        MountSpec.Create.DIR,
                        true));
        for (String path : KERNEL_DIRECTORIES) {
            out.add(
                    new MountSpec.Bind(
                            Path.of(path),
                            new GuestPath(path),
                            Set.of(),
                            true,
                            false,
                            false,
                            Optional.empty(),
                            MountSpec.Create.NOTHING,
                            true));
        }
        out.addAll(in.views());
        if (in.config().is(ConfigKeys.NESTING)) {
            for (NestedDirectory dir : in.nested()) {
                out.add(
                        MountSpec.Bind.of(
                                dir.hostPath(),
                                new GuestPath(dir.guestPath()),
                                !in.idmap().isPrivileged(),
                                MountSpec.Create.DIR));
            }
        }
        out.addAll(in.parts().mounts());
        return out;
    }

    private static DeviceSpec devices(List<DeviceNode> nodes) {
        DeviceSpec out =
                DeviceSpec.DEFAULT
                        .plus(DeviceNode.character("/dev/fuse", FUSE_MAJOR, FUSE_MINOR))
                        .plus(DeviceNode.character("/dev/net/tun", FUSE_MAJOR, TUN_MINOR));
        for (DeviceNode node : nodes) {
            out = out.plus(node);
        }
        return out;
    }

    private static LimitsSpec withThrottles(
            LimitsSpec limits, List<LimitsSpec.Throttle> throttles) {
        return new LimitsSpec(
                limits.memory(),
                limits.cpu(),
                limits.pidsMax(),
                new LimitsSpec.Io(limits.io().weight(), throttles),
                limits.hugepages(),
                limits.raw());
    }

    /// The environment of init: what `environment.*` says on top of what devices want and the
    /// runtime gives.
    private static Map<String, String> environment(
            InstanceConfig config, Map<String, String> ofDevices) {
        Map<String, String> out = new TreeMap<>(InitSpec.ENVIRONMENT);
        out.putAll(ofDevices);
        out.putAll(config.below(ConfigKeys.ENVIRONMENT));
        return out;
    }

    /// Root of a privileged container makes these calls itself, and is told its memory by us too.
    private static Set<Interception> interceptions(SpecInputs in) {
        Set<Interception> out = Interceptions.of(in.config());
        if (in.idmap().isPrivileged()) {
            out.retainAll(Set.of(Interception.SYSINFO));
        }
        return out;
    }

    private static SecuritySpec security(InstanceConfig config, SecuritySpec base) {
        return base.withSeccomp(
                config.get(ConfigKeys.RAW_SECCOMP).orElseGet(() -> systemCalls(config)));
    }

    /// `security.syscalls.*`. A line is a rule of LXC's profiles; one without an action refuses the
    /// call, which tells a program more than its death would.
    private static SeccompSpec systemCalls(InstanceConfig config) {
        Optional<String> allow =
                config.text(ConfigKeys.SYSCALLS_ALLOW.name())
                        .or(() -> config.text(ConfigKeys.SYSCALLS_WHITELIST.name()));
        if (allow.isPresent()) {
            return new SeccompSpec(
                    REFUSED,
                    LxcSeccomp.parseRules(
                            allow.get(),
                            new SeccompSpec.Action.Allow(),
                            ConfigKeys.SYSCALLS_ALLOW.name()));
        }
        boolean hasDefault =
                config.is(
                        ConfigKeys.SYSCALLS_DENY_DEFAULT,
                        config.is(ConfigKeys.SYSCALLS_BLACKLIST_DEFAULT, true));
        boolean isNative =
                config.is(
                        ConfigKeys.SYSCALLS_DENY_COMPAT,
                        config.is(ConfigKeys.SYSCALLS_BLACKLIST_COMPAT, false));
        Optional<String> deny =
                config.text(ConfigKeys.SYSCALLS_DENY.name())
                        .or(() -> config.text(ConfigKeys.SYSCALLS_BLACKLIST.name()));
        SeccompSpec list = hasDefault ? SeccompSpec.DEFAULT : SeccompSpec.NONE;
        return list.plus(
                        LxcSeccomp.parseRules(
                                deny.orElse(""), REFUSED, ConfigKeys.SYSCALLS_DENY.name()))
                .withNativeOnly(isNative);
    }
}
