package io.atoll.lxctools.command;

import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Errno;
import io.atoll.linux.ErrnoException;
import io.atoll.linux.Fd;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Pty;
import io.atoll.linux.Signals;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Host;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import io.atoll.runtime.ContainerState;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.Execution;
import io.atoll.runtime.StepFailed;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.ProcessSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/// `lxc-attach`: runs a command, or a shell, inside a running container.
public final class AttachTool implements Tool {
    private static final int NOT_FOUND = 127;
    private static final int NOT_EXECUTABLE = 126;
    private static final int PASSWD_MAX = 1 << 20;
    private static final String PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME [-s NAMESPACES] [-e] [-u UID] [-v VAR=VALUE] [-- COMMAND [ARG...]]",
                "Runs a command in a container, or a shell, and ends with its exit status.",
                ToolOption.optional(
                        'e',
                        "elevated-privileges",
                        "CAP|CGROUP|LSM",
                        "Do not give up rights: all of them, or those named"),
                ToolOption.value('a', "arch", "ARCH", "Show this architecture"),
                ToolOption.value(
                        's',
                        "namespaces",
                        "NAMESPACES",
                        "Enter only these, such as 'NETWORK|UTSNAME'; implies -e"),
                ToolOption.flag('R', "remount-sys-proc", "Mount /proc and /sys anew"),
                ToolOption.flag("clear-env", "Start with an empty environment"),
                ToolOption.flag("keep-env", "Keep the environment (default)"),
                ToolOption.value('L', "pty-log", "FILE", "Write what is printed to FILE"),
                ToolOption.value('v', "set-var", "VAR=VALUE", "Set a variable"),
                ToolOption.value("keep-var", "VAR", "Keep a variable with --clear-env"),
                ToolOption.value('f', "rcfile", "FILE", "Read the configuration from FILE instead"),
                ToolOption.value(
                        'u', "uid", "UID", "Run as this user, a number or a name of its passwd"),
                ToolOption.value('g', "gid", "GID", "Run as this group"),
                ToolOption.value('c', "context", "CONTEXT", "Run in this SELinux context"));
    }

    @Override
    public int run(Call call) throws IOException {
        LxcContainer lxc = call.container();
        Container container =
                lxc.running().orElseThrow(() -> new ToolException("Container is not running"));
        if (container.state() == ContainerState.FROZEN) {
            throw new ToolException("Container is frozen; lxc-unfreeze lets it go on");
        }
        Set<NamespaceKind> skipped = skipped(call);
        User user = user(call, container, skipped);
        List<String> argv = call.words().isEmpty() ? List.of(user.shell()) : call.words();
        ExecSpec spec =
                new ExecSpec(
                        argv,
                        environment(call, lxc, user),
                        workingDirectory(call, container, skipped),
                        user.uid(),
                        user.gid(),
                        List.of(),
                        new ExecSpec.Stdio.None(),
                        skipped,
                        isElevated(call, "CAP") || isElevated(call, "LSM"),
                        false,
                        new ExecSpec.Special(
                                isElevated(call, "CGROUP"),
                                call.options().has("remount-sys-proc")
                                        && skipped.contains(NamespaceKind.MNT),
                                personality(call),
                                context(call)));
        try {
            return run(call, lxc, spec);
        } catch (DomainException e) {
            return notRun(call, e, argv.getFirst());
        }
    }

    private static int notRun(Call call, DomainException e, String program) {
        if (e.getCause() instanceof StepFailed failed
                && failed.section() == io.atoll.plan.Section.INIT) {
            String why = Errno.text(failed.errno());
            call.error(
                    Character.toUpperCase(why.charAt(0))
                            + why.substring(1)
                            + " - Failed to exec \""
                            + program
                            + "\"");
            return failed.errno() == Errno.ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
        }
        throw e;
    }

    // ---- what is entered and with which rights

    private static Set<NamespaceKind> skipped(Call call) {
        Optional<String> asked = call.options().value("namespaces");
        if (asked.isEmpty()) {
            return Set.of();
        }
        Set<NamespaceKind> skipped = EnumSet.allOf(NamespaceKind.class);
        for (String word : asked.get().split("[|\\s,]+")) {
            skipped.remove(kind(word));
        }
        return skipped;
    }

    private static NamespaceKind kind(String word) {
        return switch (word) {
            case "MOUNT", "mnt" -> NamespaceKind.MNT;
            case "PID", "pid" -> NamespaceKind.PID;
            case "UTSNAME", "uts" -> NamespaceKind.UTS;
            case "IPC", "ipc" -> NamespaceKind.IPC;
            case "USER", "user" -> NamespaceKind.USER;
            case "NETWORK", "net" -> NamespaceKind.NET;
            case "CGROUP", "cgroup" -> NamespaceKind.CGROUP;
            case "TIME", "time" -> NamespaceKind.TIME;
            default ->
                    throw new ToolException(
                            "no such namespace: "
                                    + word
                                    + "; there are MOUNT PID UTSNAME IPC USER NETWORK CGROUP TIME");
        };
    }

    /// `-e` alone is everything; `-s` implies it.
    private static boolean isElevated(Call call, String what) {
        if (call.options().has("namespaces")) {
            return true;
        }
        if (!call.options().has("elevated-privileges")) {
            return false;
        }
        String words = call.options().value("elevated-privileges").orElse("");
        for (String word : words.split("\\|")) {
            if (!Set.of("", "CAP", "CGROUP", "LSM").contains(word)) {
                throw new ToolException("-e takes CAP, CGROUP or LSM, not " + word);
            }
        }
        return words.isEmpty() || List.of(words.split("\\|")).contains(what);
    }

    private static OptionalInt personality(Call call) {
        Optional<String> arch = call.options().value("arch");
        if (arch.isEmpty()) {
            return OptionalInt.empty();
        }
        return switch (arch.get()) {
            case "x86", "i386", "i486", "i586", "i686", "linux32", "arm", "armhf", "armv7l" ->
                    OptionalInt.of(ProcessSpec.PER_LINUX32);
            case "x86_64", "amd64", "linux64", "arm64", "aarch64" -> OptionalInt.of(0);
            default -> throw new ToolException("no such architecture: " + arch.get());
        };
    }

    private static Optional<String> context(Call call) {
        Optional<String> context = call.options().value("context");
        if (context.isPresent() && !Files.exists(Path.of("/sys/fs/selinux/enforce"))) {
            throw new ToolException(
                    "-c " + context.get() + ": this host's kernel does not run SELinux");
        }
        return context;
    }

    // ---- who, where, with what environment

    private record User(long uid, long gid, String home, String shell, boolean isNamed) {}

    /// By the passwd(5) of whose files the command sees. Who is called by name has its own group
    /// too.
    private static User user(Call call, Container container, Set<NamespaceKind> skipped) {
        String asked = call.options().value("uid").map(String::strip).orElse("0");
        boolean isNamed = asked.matches("[a-z_][a-z0-9_-]{0,31}");
        long uid = isNamed ? 0 : call.number("uid").orElse(0L);
        Optional<Long> gid = call.number("gid");
        String passwd =
                skipped.contains(NamespaceKind.MNT)
                        ? ProcFiles.readIfPresent("/etc/passwd").orElse("")
                        : passwd(container);
        for (String line : passwd.lines().toList()) {
            String[] fields = line.split(":", -1);
            if (fields.length == 7
                    && fields[2].matches("\\d{1,10}")
                    && fields[3].matches("\\d{1,10}")
                    && fields[isNamed ? 0 : 2].equals(isNamed ? asked : Long.toString(uid))) {
                return new User(
                        Long.parseLong(fields[2]),
                        gid.orElse(isNamed ? Long.parseLong(fields[3]) : 0L),
                        fields[5],
                        fields[6].isEmpty() ? "/bin/sh" : fields[6],
                        isNamed);
            }
        }
        if (isNamed) {
            throw new ToolException("-u " + asked + ": there is no such user in its /etc/passwd");
        }
        return new User(uid, gid.orElse(0L), uid == 0 ? "/root" : "/", "/bin/sh", false);
    }

    /// The container's own, read without trusting its links.
    private static String passwd(Container container) {
        try (Fd root = container.rootFd()) {
            return new String(
                    new GuestFiles(root).read("/etc/passwd", PASSWD_MAX), StandardCharsets.UTF_8);
        } catch (ErrnoException _) {
            return "";
        }
    }

    private static Map<String, String> environment(Call call, LxcContainer lxc, User user) {
        Map<String, String> caller = call.invocation().env();
        Map<String, String> env = new TreeMap<>();
        if (call.options().has("clear-env")) {
            for (String name : call.options().values("keep-var")) {
                Optional.ofNullable(caller.get(name)).ifPresent(value -> env.put(name, value));
            }
            Optional.ofNullable(caller.get("TERM")).ifPresent(value -> env.put("TERM", value));
            env.put("HOME", user.home());
        } else {
            env.putAll(caller);
        }
        env.putIfAbsent("PATH", PATH);
        env.putIfAbsent("HOME", user.home());
        if (user.isNamed()) {
            env.put("HOME", user.home());
        }
        env.putAll(lxc.environment(caller));
        env.put("container", "lxc");
        for (String pair : call.options().values("set-var")) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new InvalidConfigException("-v " + pair + ": expected VAR=VALUE");
            }
            env.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return env;
    }

    /// The caller's, if there is such a directory inside.
    private static String workingDirectory(
            Call call, Container container, Set<NamespaceKind> skipped) {
        String here = call.invocation().cwd().toString();
        if (skipped.contains(NamespaceKind.MNT)) {
            return here;
        }
        try (Fd root = container.rootFd()) {
            return new GuestFiles(root).stat(here).isDirectory() ? here : "/";
        } catch (ErrnoException _) {
            return "/";
        }
    }

    // ---- running it

    private static int run(Call call, LxcContainer lxc, ExecSpec spec) throws IOException {
        Host host = call.invocation().host();
        boolean hasTerminal = host.isTerminal(0) || host.isTerminal(1) || host.isTerminal(2);
        return hasTerminal ? onTerminal(call, lxc, spec) : onDescriptors(call, lxc, spec);
    }

    private static int onDescriptors(Call call, LxcContainer lxc, ExecSpec spec) {
        Host host = call.invocation().host();
        ExecSpec.Stdio stdio =
                new ExecSpec.Stdio.Fds(host.descriptor(0), host.descriptor(1), host.descriptor(2));
        try (Execution command = lxc.attach(spec.withStdio(stdio));
                Host.Signals _ = route(call, command)) {
            return command.waitExit();
        }
    }

    /// What is a terminal of the caller's is one of the container's inside: never the caller's own,
    /// into which one could type from inside (CVE-2016-10124).
    private static int onTerminal(Call call, LxcContainer lxc, ExecSpec spec) throws IOException {
        Host host = call.invocation().host();
        Pty.WindowSize size = host.windowSize().orElse(new Pty.WindowSize(80, 24));
        ExecSpec.Stdio stdio =
                new ExecSpec.Stdio.Mixed(
                        new ExecSpec.Stdio.Terminal(size.columns(), size.rows()),
                        unlessTerminal(host, 0),
                        unlessTerminal(host, 1),
                        unlessTerminal(host, 2));
        try (OutputStream log = log(call);
                Execution command = lxc.attach(spec.withStdio(stdio));
                Host.Signals _ = route(call, command)) {
            Fd terminal = command.terminal().orElseThrow();
            try (TerminalRelay relay = TerminalRelay.startLogged(call, terminal, log)) {
                int status = command.waitExit();
                relay.drain();
                return status;
            }
        }
    }

    /// Where `-L` wants what is printed on the terminal, readable by its owner only: it may show
    /// what was typed.
    private static OutputStream log(Call call) throws IOException {
        Optional<String> file = call.options().value("pty-log");
        if (file.isEmpty()) {
            return OutputStream.nullOutputStream();
        }
        Path path = call.file(file.get());
        try {
            if (!Files.exists(path)) {
                Path unused =
                        Files.createFile(
                                path,
                                PosixFilePermissions.asFileAttribute(
                                        PosixFilePermissions.fromString("rw-------")));
            }
            return Files.newOutputStream(
                    path, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new ToolException("cannot write what is printed to " + path + ": " + e);
        }
    }

    private static Optional<Fd> unlessTerminal(Host host, int stream) {
        return host.isTerminal(stream) ? Optional.empty() : Optional.of(host.descriptor(stream));
    }

    private static Host.Signals route(Call call, Execution command) {
        Host host = call.invocation().host();
        Host.Signals signals =
                host.signals(
                        Signals.SIGHUP,
                        Signals.SIGINT,
                        Signals.SIGQUIT,
                        Signals.SIGTERM,
                        Signals.SIGWINCH);
        Thread.ofPlatform()
                .daemon()
                .name("signals")
                .start(() -> {
                    for (int n = signals.next(); n > 0; n = signals.next()) {
                        if (n != Signals.SIGWINCH) {
                            command.signal(n);
                            continue;
                        }
                        host.windowSize().ifPresent(s -> command.resize(s.columns(), s.rows()));
                    }
                });
        return signals;
    }
}
