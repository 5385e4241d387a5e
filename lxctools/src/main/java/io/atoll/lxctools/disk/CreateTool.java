package io.atoll.lxctools.disk;

import static io.atoll.lxctools.ToolOption.value;

import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.Namespaces;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.lxctools.storage.Backend;
import io.atoll.lxctools.storage.Backends;
import io.atoll.lxctools.storage.RootfsView;
import io.atoll.runtime.lxc.LxcConfig;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcIncludes;
import io.atoll.runtime.lxc.LxcRootfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// `lxc-create`: a container from a template, any program that fills a directory.
public final class CreateTool implements Tool {
    private static final Duration TEMPLATE_TIMEOUT = Duration.ofHours(6);

    private static final Set<String> QUESTIONS = Set.of("--help", "-h", "--clean", "--list", "-l");

    private static final String NESTING =
            """

            # Uncomment the following line to support nesting containers:
            #lxc.include = %s
            # (Be aware this has security implications)

            """;

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "-n NAME -t TEMPLATE [OPTION...] [-- TEMPLATE-OPTION...]",
                        "Makes a container.",
                        value(
                                't',
                                "template",
                                "TEMPLATE",
                                "Template to use: a name, an absolute path, or none"),
                        value('f', "config", "FILE", "Begin the configuration as FILE"),
                        value(
                                'B',
                                "bdev",
                                "TYPE",
                                "Storage: dir, overlay, loop, btrfs, zfs, lvm, rbd, best or none"),
                        value("dir", "DIR", "Put the root file system into DIR"),
                        value("fstype", "TYPE", "Make a file system of this type (loop lvm rbd)"),
                        value("fssize", "SIZE[bkmgt]", "Size of it (1g)"),
                        value("lvname", "NAME", "Name of the logical volume"),
                        value("vgname", "NAME", "Volume group (lxc)"),
                        value("thinpool", "NAME", "Thin pool to make the volume in"),
                        value("zfsroot", "PATH", "Data set above the new one (lxc)"),
                        value("rbdname", "NAME", "Name of the image"),
                        value("rbdpool", "NAME", "Pool of the image (lxc)"),
                        value("rbduser", "NAME", "Accepted for scripts; Ceph's own setting counts"))
                .named(ToolSpec.Name.ONLY_OPTION);
    }

    /// With a template, its help comes too.
    @Override
    public int help(Call call) {
        call.note(call.help().stripTrailing());
        Optional<String> template = call.options().value("template");
        if (template.isEmpty() || template.get().equals("none")) {
            return 0;
        }
        call.note("\nOptions of template \"" + template.get() + "\":\n");
        Path program = new Installation(call).template(template.get());
        return pass(call, List.of(program.toString(), "--help"), call.invocation().env());
    }

    @Override
    public int run(Call call) {
        String template =
                call.options()
                        .value("template")
                        .orElseThrow(() ->
                                new ToolException(
                                        "A template must be specified\nUse \"none\" if you"
                                                + " really want a container without a"
                                                + " rootfs"));
        Installation installation = new Installation(call);
        Optional<Path> program =
                template.equals("none")
                        ? Optional.empty()
                        : Optional.of(installation.template(template));
        LxcContainer container = call.path().container(call.name());
        Backends backends = installation.backends();
        Removal.sweep(call.path().directory());
        try (Draft draft = Draft.begin(container, backends)) {
            create(call, installation, backends, draft, program);
            // A question to the template makes no container.
            if (call.words().stream().anyMatch(QUESTIONS::contains) && draft.isAsWritten()) {
                return 0;
            }
            draft.finish();
        }
        return 0;
    }

    private static void create(
            Call call,
            Installation installation,
            Backends backends,
            Draft draft,
            Optional<Path> program) {
        String base = baseConfig(call, installation);
        String type = call.options().value("bdev").orElse("");
        if (type.equals("none") || program.isEmpty() && type.isEmpty()) {
            draft.write(base);
            program.ifPresent(
                    p -> runTemplate(call, installation, draft, p, draft.place().rootfs(), false));
            return;
        }
        boolean mayMount = type.isEmpty() && call.options().value("dir").isEmpty();
        Backend backend = backends.byName(type.isEmpty() ? "dir" : type, call.path().directory());
        LxcRootfs rootfs = backend.create(draft.place(), installation.storageOptions());
        draft.add(() -> backend.delete(rootfs));
        String header = program.map(p -> header(call, installation, p)).orElse("");
        draft.write(header + base + "lxc.rootfs.path = " + rootfs.render() + "\n");
        program.ifPresent(p ->
                Namespaces.withOwnMounts(() -> {
                    fill(call, installation, draft, backend, rootfs, p, mayMount);
                    return Boolean.TRUE;
                }));
        check(draft.container());
        Shifting.shift(call, draft.container());
    }

    /// A new overlay's template fills the layer below.
    private static void fill(
            Call call,
            Installation installation,
            Draft draft,
            Backend backend,
            LxcRootfs rootfs,
            Path program,
            boolean mayMount) {
        LxcRootfs filled =
                rootfs instanceof LxcRootfs.Overlay overlay
                        ? new LxcRootfs.Directory("dir", overlay.lowers().getFirst())
                        : rootfs;
        Backend filler = rootfs == filled ? backend : installation.backends().of(filled);
        try (RootfsView view = filler.open(filled, draft.place())) {
            runTemplate(call, installation, draft, program, view.path(), mayMount);
        }
    }

    private static String baseConfig(Call call, Installation installation) {
        Path file =
                call.options()
                        .value("config")
                        .map(call::file)
                        .orElseGet(installation::defaultConfig);
        try {
            String text = Files.readString(file) + Rootless.idmap(call, file);
            // Says what is wrong before anything is made.
            LxcConfig unused = LxcConfig.parse(text, file.toString(), LxcIncludes.files());
            return text.isEmpty() || text.endsWith("\n") ? text : text + "\n";
        } catch (IOException e) {
            throw new NotFoundException("cannot read the configuration " + file + ": " + e, e);
        }
    }

    private static String header(Call call, Installation installation, Path program) {
        return "# Template used to create this container: "
                + program
                + "\n# Parameters passed to the template: "
                + String.join(" ", call.words()).replaceAll("\\s", " ")
                + "\n# For additional config options, please look at lxc.container.conf(5)\n"
                + NESTING.formatted(installation.share().resolve("config/nesting.conf"));
    }

    private static void runTemplate(
            Call call,
            Installation installation,
            Draft draft,
            Path program,
            Path rootfs,
            boolean mayMount) {
        LxcContainer container = draft.container();
        List<String> argv = new ArrayList<>();
        Idmap idmap = container.idmap();
        boolean isShifted = !idmap.isPrivileged() && Rootless.isCaller(call);
        if (isShifted) {
            argv.addAll(Rootless.enter(call, idmap, rootfs));
        }
        argv.add(program.toString());
        argv.add("--path=" + container.directory());
        argv.add("--name=" + container.name());
        argv.add("--rootfs=" + rootfs);
        if (isShifted) {
            argv.add("--mapped-uid=" + Rootless.root(idmap, IdmapEntry.Kind.UID));
            argv.add("--mapped-gid=" + Rootless.root(idmap, IdmapEntry.Kind.GID));
        }
        argv.addAll(call.words());
        Map<String, String> env = new TreeMap<>(call.invocation().env());
        env.put("LXC_NAME", container.name());
        env.put("LXC_CONFIG_FILE", container.configFile().toString());
        env.put("LXC_SHARE", installation.share().toString());
        env.put("LXC_TEMPLATE_CONFIG", installation.share().resolve("config").toString());
        env.put("LXC_HOOK_DIR", installation.share().resolve("hooks").toString());
        env.put("LXC_IMAGE_ROOTFS", mayMount && call.invocation().isRoot() ? "1" : "0");
        int status = pass(call, argv, env);
        if (status != 0) {
            throw new ToolException(
                    "template \""
                            + program
                            + "\" for "
                            + container.name()
                            + " failed with status "
                            + status);
        }
    }

    private static int pass(Call call, List<String> argv, Map<String, String> env) {
        Command command =
                Command.of(argv).timeout(TEMPLATE_TIMEOUT).directory(call.invocation().cwd());
        for (Map.Entry<String, String> variable : env.entrySet()) {
            command = command.environment(variable.getKey(), variable.getValue());
        }
        return Interruptible.pass(call, command);
    }

    /// What the template made of the configuration must be one.
    private static void check(LxcContainer container) {
        Path file = container.configFile();
        try {
            LxcConfig made =
                    LxcConfig.parse(Files.readString(file), file.toString(), LxcIncludes.files());
            LxcRootfs unused =
                    made.find("lxc.rootfs.path")
                            .map(LxcRootfs::parse)
                            .orElseThrow(() ->
                                    new InvalidConfigException(
                                            "the template removed lxc.rootfs.path"));
        } catch (IOException e) {
            throw new UnavailableException(
                    "the template left no configuration: " + e.getMessage(), e);
        }
    }
}
