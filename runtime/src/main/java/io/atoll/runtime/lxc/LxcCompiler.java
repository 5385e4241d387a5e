package io.atoll.runtime.lxc;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.apparmor.ProfileText;
import io.atoll.runtime.spec.AutoMounts;
import io.atoll.runtime.spec.CgroupSpec;
import io.atoll.runtime.spec.ConsoleSpec;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.DeviceSpec;
import io.atoll.runtime.spec.GuestPath;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.InitSpec;
import io.atoll.runtime.spec.MountFlag;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.NamespaceSpec;
import io.atoll.runtime.spec.ProcessSpec;
import io.atoll.runtime.spec.ProfileSpec;
import io.atoll.runtime.spec.RootfsSpec;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.runtime.spec.SecuritySpec;
import io.atoll.runtime.spec.SignalSpec;
import io.atoll.runtime.spec.Supervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/// Turns an LXC configuration into what the runtime starts. It reads the files that the
/// configuration names, and asks [LxcHost] about the rest of the host.
final class LxcCompiler {
    private static final Path USUAL = Path.of("/var/lib/lxc");

    /// Where the small init of `lxc-execute` is seen inside: on the fresh `/dev`, or in the root.
    private static final String INIT_IN_DEV = "/dev/.lxc-init";

    private static final String INIT_IN_ROOT = "/init.lxc.static";

    private final String name;
    private static final int PTYS_MAX = 1 << 20; // the kernel's own limit

    private final Path directory;
    private final LxcConfig config;
    private final LxcStart request;
    private final LxcHost host;
    private final Optional<LxcRootfs> rootfs;
    private final LxcHooks hooks;

    /// @param directory the container's own
    LxcCompiler(String name, Path directory, LxcConfig config, LxcStart request, LxcHost host) {
        this.name = name;
        this.directory = directory;
        this.config = config;
        this.request = request;
        this.host = host;
        rootfs = config.find("lxc.rootfs.path").map(LxcRootfs::parse);
        hooks = new LxcHooks(name, config, hookEnvironment());
    }

    /// @throws InvalidConfigException if the configuration contradicts itself
    /// @throws io.atoll.base.NotFoundException if something that it names is missing
    ContainerSpec compile() {
        LxcNetwork network = lxcNetwork();
        LxcRootfsMounter.Ready root =
                rootfs.map(r -> host.prepare(r, config.find("lxc.rootfs.options").orElse("")))
                        .orElseGet(LxcCompiler::hostRoot);
        return new ContainerSpec(
                name,
                config.find("lxc.uts.name").orElse(name),
                root.rootfs(),
                idmap(),
                namespaces(),
                autoMounts(),
                mounts(),
                devices(),
                network.compile(),
                new CgroupSpec(cgroup(), true, monitorCgroup(), host.ownTrees()),
                LxcLimits.limits(config),
                security(),
                process(),
                init(),
                signals(),
                allHooks(network.hooksOfEmpty(), root.hooks()),
                console(),
                true);
    }

    /// A container without a root of its own lives on the host's.
    private static LxcRootfsMounter.Ready hostRoot() {
        return new LxcRootfsMounter.Ready(
                new RootfsSpec.Directory(new RootfsSpec.Layer(Path.of("/"), false), false),
                List.of());
    }

    private boolean isOn(String key, boolean fallback) {
        return config.find(key).map("1"::equals).orElse(fallback);
    }

    private Idmap idmap() {
        return idmap(config);
    }

    /// The id map of a configuration; that of a privileged container if it has none.
    static Idmap idmap(LxcConfig config) {
        List<IdmapEntry> entries = new ArrayList<>();
        for (String value : config.all("lxc.idmap")) {
            String[] words = value.strip().split("\\s+");
            entries.add(
                    new IdmapEntry(
                            words[0].equals("u") ? IdmapEntry.Kind.UID : IdmapEntry.Kind.GID,
                            new NsId(Long.decode(words[1])),
                            new HostId(Long.decode(words[2])),
                            Long.decode(words[3])));
        }
        return new Idmap(entries);
    }

    // ---- namespaces

    private NamespaceSpec namespaces() {
        Set<NamespaceKind> kept = EnumSet.noneOf(NamespaceKind.class);
        Optional<String> clone = config.find("lxc.namespace.clone");
        Optional<String> keep = config.find("lxc.namespace.keep");
        if (clone.isPresent() && keep.isPresent()) {
            throw new InvalidConfigException(
                    "lxc.namespace.clone and lxc.namespace.keep exclude each other");
        }
        keep.ifPresent(text -> kept.addAll(kinds(text)));
        clone.ifPresent(text -> {
            kept.addAll(EnumSet.allOf(NamespaceKind.class));
            kept.removeAll(kinds(text));
            kept.removeAll(EnumSet.of(NamespaceKind.MNT, NamespaceKind.USER, NamespaceKind.TIME));
        });
        if (LxcNetwork.isShared(config)) {
            kept.add(NamespaceKind.NET);
        }
        Map<NamespaceKind, Path> joined = new LinkedHashMap<>();
        Map<String, String> shared = new TreeMap<>();
        for (LxcConfig.Setting setting : config.below("lxc.namespace.share.")) {
            shared.put(setting.key().substring("lxc.namespace.share.".length()), setting.value());
        }
        shared.putAll(request.shared());
        shared.forEach((kind, whose) -> {
            NamespaceKind parsed = kind(kind);
            int pid = host.initPid(whose);
            joined.put(parsed, Path.of("/proc/" + pid + "/ns/" + parsed.fileName()));
            kept.remove(parsed);
        });
        kept.remove(NamespaceKind.USER);
        return new NamespaceSpec(kept, joined, timeOffsets());
    }

    private static Set<NamespaceKind> kinds(String text) {
        Set<NamespaceKind> out = EnumSet.noneOf(NamespaceKind.class);
        for (String word : text.split("[\\s|]+")) {
            out.add(kind(word));
        }
        return out;
    }

    private static NamespaceKind kind(String word) {
        for (NamespaceKind kind : NamespaceKind.values()) {
            if (kind.fileName().equals(word)) {
                return kind;
            }
        }
        throw new InvalidConfigException(
                "no such namespace: " + word + "; there are mnt pid uts ipc user net cgroup time");
    }

    private Optional<NamespaceSpec.TimeOffsets> timeOffsets() {
        Optional<String> boot = config.find("lxc.time.offset.boot");
        Optional<String> monotonic = config.find("lxc.time.offset.monotonic");
        if (boot.isEmpty() && monotonic.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new NamespaceSpec.TimeOffsets(
                        monotonic.map(LxcCompiler::nanos).orElse(0L),
                        boot.map(LxcCompiler::nanos).orElse(0L)));
    }

    private static long nanos(String text) {
        String digits = text.replaceFirst("\\s*[a-z]*$", "");
        long unit =
                switch (text.substring(digits.length()).strip()) {
                    case "h" -> 3_600_000_000_000L;
                    case "m" -> 60_000_000_000L;
                    case "ms" -> 1_000_000L;
                    case "us" -> 1_000L;
                    case "ns" -> 1L;
                    default -> 1_000_000_000L;
                };
        return Math.multiplyExact(Long.parseLong(digits.strip()), unit);
    }

    // ---- mounts and devices

    private AutoMounts autoMounts() {
        AutoMounts auto =
                LxcMounts.auto(
                        config.all("lxc.mount.auto"), isOn("lxc.apparmor.allow_nesting", false));
        // The small init has no mounts of its own making: what it runs expects /proc.
        return request.isApplication() && auto.proc() == AutoMounts.Proc.NONE
                ? new AutoMounts(
                        AutoMounts.Proc.RW, auto.sys(), auto.cgroup(), auto.isNestable(), false)
                : auto;
    }

    /// What targets of mounts may begin with.
    private static Optional<Path> directory(LxcRootfs rootfs) {
        return rootfs instanceof LxcRootfs.Directory(_, Path path)
                ? Optional.of(path)
                : Optional.empty();
    }

    private List<MountSpec> mounts() {
        LxcMounts parser = new LxcMounts(rootfs.flatMap(LxcCompiler::directory));
        List<MountSpec> all = new ArrayList<>(LxcMounts.shared(config.all("lxc.mount.auto")));
        config.find("lxc.mount.fstab")
                .ifPresent(file -> all.addAll(parser.parseFile(read(file), file)));
        for (LxcConfig.Setting setting : config.below("lxc.mount.entry")) {
            all.add(parser.parse(setting.value(), setting.where()));
        }
        if (request.isApplication() && rootfs.isPresent()) {
            all.add(
                    new MountSpec.Bind(
                            host.initProgram(),
                            new GuestPath(initPath()),
                            EnumSet.of(MountFlag.RO, MountFlag.NOSUID, MountFlag.NODEV),
                            false,
                            false,
                            false,
                            Optional.empty(),
                            MountSpec.Create.FILE,
                            false));
        }
        return all;
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new InvalidConfigException("cannot read " + file + ": " + e, e);
        }
    }

    private boolean hasAutodev() {
        return rootfs.isPresent() && isOn("lxc.autodev", true);
    }

    private DeviceSpec devices() {
        int ttys = config.find("lxc.tty.max").map(Integer::decode).orElse(0);
        return new DeviceSpec(
                hasAutodev(),
                Math.min(ttys, DeviceSpec.TTYS_MAX),
                List.of(),
                LxcLimits.devices(config, host.isPureV2()),
                config.find("lxc.tty.dir").orElse(""),
                config.find("lxc.autodev.tmpfs.size").map(Long::decode).orElse(DeviceSpec.SIZE),
                ptys(ttys));
    }

    /// Console and ttys are not counted: `lxc.pts = 1` of old configurations only asked for a
    /// devpts of the container's own.
    private int ptys(int ttys) {
        return config.find("lxc.pty.max")
                .map(Long::decode)
                .filter(max -> max > 0)
                .map(max -> 1 + ttys + (int) Math.min(max, PTYS_MAX))
                .orElse(DeviceSpec.PTYS);
    }

    private ConsoleSpec console() {
        Optional<String> path = config.find("lxc.console.path");
        if (path.filter("none"::equals).isPresent()) {
            return ConsoleSpec.NONE;
        }
        path.filter(p -> !p.startsWith("/"))
                .ifPresent(p -> {
                    throw new InvalidConfigException(
                            "lxc.console.path = "
                                    + p
                                    + ": it is neither an absolute path nor none");
                });
        long buffer = bytes("lxc.console.buffer.size").orElse(ConsoleSpec.DEFAULT.bufferBytes());
        boolean isRotated = isOn("lxc.console.rotate", false);
        return new ConsoleSpec(
                true,
                (int) Math.min(buffer, ConsoleSpec.BUFFER_MAX),
                config.find("lxc.console.logfile").map(Path::of),
                isRotated ? bytes("lxc.console.size").orElse(ConsoleSize.AUTO_BYTES) : 0,
                path.map(Path::of));
    }

    private OptionalLong bytes(String key) {
        return config.find(key).map(ConsoleSize::find).orElse(OptionalLong.empty());
    }

    // ---- network, cgroup

    private LxcNetwork lxcNetwork() {
        boolean hasNone = config.networks().isEmpty();
        return new LxcNetwork(
                config,
                hasNone ? List::of : host.links(),
                hooks,
                host.random(),
                hasNone ? Optional.empty() : host.ovs(),
                host.nicGrants());
    }

    /// Below the root of each hierarchy. A directory that still holds somebody's processes, such as
    /// those of a container of the same name elsewhere, is left alone: a number is added.
    private String cgroup() {
        Optional<String> own = config.find("lxc.cgroup.dir.container");
        Optional<String> both = config.find("lxc.cgroup.dir");
        if (own.isPresent() && both.isPresent()) {
            throw new InvalidConfigException(
                    "lxc.cgroup.dir and lxc.cgroup.dir.container exclude each other");
        }
        String path =
                own.or(() -> both.map(dir -> dir + "/lxc.payload"))
                        .or(() -> host.cgroupPattern().map(this::byPattern))
                        .orElse("lxc.payload." + name);
        String inner = config.find("lxc.cgroup.dir.container.inner").map(i -> "/" + i).orElse("");
        String free = path;
        for (int n = 1; host.isCgroupBusy(free); n++) {
            free = path + "-" + n;
        }
        return free + inner;
    }

    /// With `lxc.cgroup.dir` it is beside the container's.
    private Optional<CgroupSpec.Monitor> monitorCgroup() {
        Optional<String> own = config.find("lxc.cgroup.dir.monitor");
        Optional<String> both = config.find("lxc.cgroup.dir");
        if (own.isPresent() && both.isPresent()) {
            throw new InvalidConfigException(
                    "lxc.cgroup.dir and lxc.cgroup.dir.monitor exclude each other");
        }
        if (own.isPresent() != config.find("lxc.cgroup.dir.container").isPresent()) {
            throw new InvalidConfigException(
                    "lxc.cgroup.dir.container and lxc.cgroup.dir.monitor need each other");
        }
        return own.or(() -> both.map(dir -> dir + "/lxc.monitor"))
                .map(path ->
                        new CgroupSpec.Monitor(
                                path,
                                config.find("lxc.cgroup.dir.monitor.pivot").orElse("lxc.pivot")));
    }

    private String byPattern(String pattern) {
        return pattern.replace("%n", name);
    }

    // ---- security, process, init

    private SecuritySpec security() {
        Optional<String> label =
                config.find("lxc.apparmor.profile")
                        .filter(p -> !p.equals("generated") && !p.equals("unchanged"))
                        .or(() -> config.find("lxc.selinux.context"));
        requireMountRules();
        return new SecuritySpec(
                LxcLimits.bounding(config),
                isOn("lxc.no_new_privs", false),
                seccomp(),
                label,
                isOn("lxc.keyring.session", true),
                label.isPresent() ? Optional.empty() : profile(),
                Set.of(),
                SecuritySpec.PATIENCE,
                config.find("lxc.selinux.context.keyring"),
                config.find("lxc.seccomp.notify.proxy")
                        .map(address ->
                                Supervisor.parse(
                                        address,
                                        config.find("lxc.seccomp.notify.cookie").orElse(""))));
    }

    /// For profiles that confine something.
    private void requireMountRules() {
        Set<String> none = Set.of("unconfined", "unchanged");
        boolean isConfined =
                config.find("lxc.apparmor.profile").filter(p -> !none.contains(p)).isPresent();
        if (isConfined && !isOn("lxc.apparmor.allow_incomplete", false)) {
            host.appArmor().requireMountRules();
        }
    }

    /// A filter goes on top of one that is there already, as in a container that holds containers.
    /// Only who says that it must not nest gets liblxc's way: then it is left out there.
    private SeccompSpec seccomp() {
        Optional<String> file = config.find("lxc.seccomp.profile");
        if (file.isEmpty() || !isOn("lxc.seccomp.allow_nesting", true) && host.isFiltered()) {
            return SeccompSpec.NONE;
        }
        return LxcSeccomp.parse(read(file.get()), file.get());
    }

    /// A profile of its own, as `generated` asks for and nothing at all does too. Where the host
    /// cannot load one, the container runs without, as liblxc's do.
    private Optional<ProfileSpec> profile() {
        List<String> raw = config.all("lxc.apparmor.raw");
        String wanted = config.find("lxc.apparmor.profile").orElse("generated");
        AppArmor appArmor = host.appArmor();
        if (!raw.isEmpty()) {
            appArmor.require("lxc.apparmor.raw");
        }
        if (!wanted.equals("generated") || !appArmor.isUsable()) {
            return Optional.empty();
        }
        Path all = Optional.ofNullable(directory.getParent()).orElse(directory);
        String own = ProfileText.name("lxc-" + name, all, USUAL);
        boolean isNestable = isOn("lxc.apparmor.allow_nesting", false);
        return Optional.of(
                appArmor.profile(
                        new ProfileText(
                                own,
                                idmap().isPrivileged(),
                                isNestable,
                                isNestable && appArmor.hasNamespaces()
                                        ? Optional.of(own)
                                        : Optional.empty(),
                                raw),
                        directory.resolve("apparmor")));
    }

    private ProcessSpec process() {
        Map<String, String> sysctls = new TreeMap<>();
        for (LxcConfig.Setting setting : config.below("lxc.sysctl.")) {
            sysctls.put(setting.key().substring("lxc.sysctl.".length()), setting.value());
        }
        Map<String, String> proc = new TreeMap<>();
        for (LxcConfig.Setting setting : config.below("lxc.proc.")) {
            proc.put(setting.key().substring("lxc.proc.".length()), setting.value());
        }
        return new ProcessSpec(
                LxcLimits.rlimits(config),
                OptionalInt.empty(),
                sysctls,
                proc,
                personality(),
                signal("lxc.monitor.signal.pdeath"),
                isOn("lxc.sched.core", false),
                isOn("lxc.monitor.unshare", false),
                Optional.of(title()));
    }

    /// What scripts look for in the output of ps(1).
    private ProcessSpec.Title title() {
        return new ProcessSpec.Title(
                request.isApplication() ? "lxc-execute" : "lxc-start",
                "lxc monitor",
                directory.getParent() + " " + name);
    }

    private OptionalInt personality() {
        Optional<String> arch = config.find("lxc.arch");
        if (arch.isEmpty()) {
            return OptionalInt.empty();
        }
        return OptionalInt.of(LxcValue.is32Bit(arch.get()) ? ProcessSpec.PER_LINUX32 : 0);
    }

    private String initPath() {
        return hasAutodev() ? INIT_IN_DEV : INIT_IN_ROOT;
    }

    private List<String> argv() {
        List<String> command =
                !request.command().isEmpty()
                        ? request.command()
                        : request.isApplication()
                                ? LxcText.words(config.find("lxc.execute.cmd").orElse(""))
                                : LxcText.words(config.find("lxc.init.cmd").orElse("/sbin/init"));
        if (command.isEmpty()) {
            throw new InvalidConfigException(
                    "there is no command to run: give one, or set "
                            + (request.isApplication() ? "lxc.execute.cmd" : "lxc.init.cmd"));
        }
        if (!request.isApplication()) {
            refuseHostInit(command.getFirst());
            return command;
        }
        List<String> argv = new ArrayList<>();
        argv.add(rootfs.isPresent() ? initPath() : host.initProgram().toString());
        argv.add("init");
        argv.add("--");
        argv.addAll(command);
        return argv;
    }

    /// The host's init, booted a second time on the host's root, does there what a boot does: it
    /// empties `/tmp`, starts services on their data and takes terminals.
    private void refuseHostInit(String program) {
        boolean isOnHostRoot =
                rootfs.isEmpty()
                        || rootfs.flatMap(LxcCompiler::directory)
                                .filter(LxcCompiler::isHostRoot)
                                .isPresent();
        String base = program.substring(program.lastIndexOf('/') + 1);
        if (isOnHostRoot && (base.equals("init") || base.equals("systemd"))) {
            throw new InvalidConfigException(
                    name
                            + " has the host's root file system, and "
                            + program
                            + " of the host would take the host over; set lxc.rootfs.path, or give"
                            + " a command or lxc.init.cmd that is no init");
        }
    }

    private static boolean isHostRoot(Path path) {
        try {
            return Files.isSameFile(path, Path.of("/"));
        } catch (IOException _) {
            return false;
        }
    }

    private InitSpec init() {
        List<Long> groups = new ArrayList<>();
        config.find("lxc.init.groups")
                .ifPresent(text ->
                        LxcText.list(text).forEach(group -> groups.add(Long.decode(group))));
        return new InitSpec(
                argv(),
                id(request.uid(), "lxc.init.uid"),
                id(request.gid(), "lxc.init.gid"),
                groups,
                config.find("lxc.init.cwd").orElse("/"),
                environment());
    }

    private long id(OptionalLong asked, String key) {
        return asked.isPresent()
                ? asked.getAsLong()
                : config.find(key).map(Long::decode).orElse(0L);
    }

    private Map<String, String> environment() {
        Map<String, String> env = new TreeMap<>(InitSpec.ENVIRONMENT);
        env.putAll(configured(config, request.env()));
        return env;
    }

    /// `lxc.environment` and `lxc.environment.runtime`; a name alone takes the caller's value.
    static Map<String, String> configured(LxcConfig config, Map<String, String> caller) {
        return configured(config, "lxc.environment.runtime", caller);
    }

    /// What is for programs inside, or for hooks, and what is for both.
    private static Map<String, String> configured(
            LxcConfig config, String own, Map<String, String> caller) {
        Map<String, String> env = new TreeMap<>();
        for (LxcConfig.Setting setting : config.below("lxc.environment")) {
            if (!setting.key().equals("lxc.environment") && !setting.key().equals(own)) {
                continue;
            }
            int equals = setting.value().indexOf('=');
            if (equals >= 0) {
                env.put(
                        setting.value().substring(0, equals),
                        setting.value().substring(equals + 1));
                continue;
            }
            String value = caller.get(setting.value());
            if (value == null) {
                throw new InvalidConfigException(
                        setting.where()
                                + ": "
                                + setting.key()
                                + " = "
                                + setting.value()
                                + ": the caller has no such variable");
            }
            env.put(setting.value(), value);
        }
        return env;
    }

    private SignalSpec signals() {
        return new SignalSpec(
                signal("lxc.signal.halt"), signal("lxc.signal.reboot"), signal("lxc.signal.stop"));
    }

    private OptionalInt signal(String key) {
        return config.find(key).map(Signals::find).orElse(OptionalInt.empty());
    }

    // ---- hooks

    private Map<String, String> hookEnvironment() {
        Map<String, String> env = new TreeMap<>(request.env());
        env.remove("LXC_TARGET");
        env.remove("LXC_PID");
        env.putAll(configured(config, "lxc.environment.hooks", request.env()));
        env.put("LXC_NAME", name);
        env.put("LXC_CONFIG_FILE", directory.resolve("config").toString());
        env.put("LXC_ROOTFS_MOUNT", rootfsMount());
        env.put("LXC_ROOTFS_PATH", rootfs.map(LxcCompiler::withoutDriver).orElse(""));
        env.put("LXC_CGNS_AWARE", "1");
        env.put("LXC_HOOK_VERSION", config.find("lxc.hook.version").orElse("0"));
        env.put("LXC_LOG_LEVEL", config.find("lxc.log.level").orElse("ERROR"));
        config.find("lxc.console.path").ifPresent(path -> env.put("LXC_CONSOLE", path));
        config.find("lxc.console.logfile").ifPresent(path -> env.put("LXC_CONSOLE_LOGPATH", path));
        env.putIfAbsent("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        return env;
    }

    private static String withoutDriver(LxcRootfs rootfs) {
        String text = rootfs.render();
        return text.substring(text.indexOf(':') + 1);
    }

    /// Where the root is seen by hooks that run while it is set up.
    private String rootfsMount() {
        return config.find("lxc.rootfs.mount").orElseGet(() -> host.rootfsMount().toString());
    }

    private List<HookSpec> allHooks(List<HookSpec> network, List<HookSpec> release) {
        List<HookSpec> all = new ArrayList<>(network);
        all.addAll(hooks.of(config, hasAutodev()));
        all.addAll(release);
        List<String> last = new ArrayList<>();
        request.pidFile().ifPresent(file -> last.add("rm -f " + quoted(file.toString())));
        if (isOn("lxc.ephemeral", false)) {
            last.add(destroyCommand());
        }
        if (!last.isEmpty()) {
            all.add(
                    new HookSpec(
                            HookSpec.Phase.POST_STOP,
                            List.of(
                                    "/bin/sh",
                                    "-c",
                                    "[ \"$LXC_TARGET\" = reboot ] || { "
                                            + String.join("; ", last)
                                            + "; }"),
                            Map.of(
                                    "LXC_TARGET",
                                    io.atoll.plan.Tokens.TARGET,
                                    "PATH",
                                    "/usr/sbin:/usr/bin:/sbin:/bin"),
                            LxcHooks.TIMEOUT));
        }
        return all;
    }

    /// A container that is ephemeral is destroyed by a command of its own, once the monitor has let
    /// go of it; without the commands installed only its directory is removed.
    private String destroyCommand() {
        String path = quoted(directory.toString());
        if (request.tools().isEmpty()) {
            return "rm -rf --one-file-system " + path;
        }
        String tools = quoted(request.tools().get().toString());
        String parent = quoted(String.valueOf(directory.getParent()));
        return "{ ("
                + tools
                + "/lxc-wait -P "
                + parent
                + " -n "
                + name
                + " -s STOPPED -t 60; "
                + tools
                + "/lxc-destroy -P "
                + parent
                + " -n "
                + name
                + ") </dev/null >/dev/null 2>&1 & }";
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }
}
