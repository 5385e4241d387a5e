package io.atoll.lxctools.command;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/// `lxc-unshare`: runs a command in new namespaces, on the host's own root.
public final class UnshareTool implements Tool {
    private static final long COUNT_MAX = 0xFFFF_FFFEL;
    private static final Map<String, String> KINDS =
            Map.of(
                    "MOUNT", "mnt",
                    "PID", "pid",
                    "UTSNAME", "uts",
                    "IPC", "ipc",
                    "USER", "user",
                    "NETWORK", "net",
                    "CGROUP", "cgroup");

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "-s NAMESPACES [-u USER] [-H HOSTNAME] [-i INTERFACE]... COMMAND [ARG...]",
                        "Runs a command in new namespaces.",
                        ToolOption.value(
                                's',
                                "namespaces",
                                "NAMESPACES",
                                "New ones, out of MOUNT|PID|UTSNAME|IPC|USER|NETWORK|CGROUP"),
                        ToolOption.value(
                                'u', "user", "USER", "Run as this user, by number or name"),
                        ToolOption.value('H', "hostname", "NAME", "Host name, with UTSNAME"),
                        ToolOption.value(
                                'i', "ifname", "NAME", "Move this interface in, with NETWORK"),
                        ToolOption.flag('d', "daemon", "Go to the background"),
                        ToolOption.flag('M', "remount", "Mount /proc, /dev/shm and /dev/mqueue"))
                .named(ToolSpec.Name.NONE)
                .followedByCommand();
    }

    @Override
    public int run(Call call) {
        Set<String> wanted = wanted(call);
        if (call.words().isEmpty()) {
            throw new ToolException("a command to execute in the new namespace is required");
        }
        // A container without a root of its own: the namespaces it is not to have are kept.
        LxcContainer container = call.path().container("unshare-" + call.invocation().host().pid());
        Set<String> kept = new TreeSet<>(Set.of("pid", "uts", "ipc", "net", "cgroup"));
        kept.removeAll(wanted);
        if (!kept.isEmpty()) {
            container.set("lxc.namespace.keep", String.join(" ", kept));
        }
        container.set("lxc.keyring.session", "0");
        hostName(call, container, wanted);
        interfaces(call, container, wanted);
        if (wanted.contains("user")) {
            mapAll(container, "uid", "u");
            mapAll(container, "gid", "g");
        }
        remount(call, container, wanted);
        return run(call, container);
    }

    private static void remount(Call call, LxcContainer container, Set<String> wanted) {
        if (!call.options().has("remount")) {
            return;
        }
        if (!wanted.contains("mnt")) {
            throw new ToolException("-M needs -s MOUNT");
        }
        container.set("lxc.mount.auto", "proc:rw");
        container.set("lxc.mount.entry", "shm /dev/shm tmpfs nosuid,nodev,optional");
        container.set("lxc.mount.entry", "mqueue /dev/mqueue mqueue optional");
    }

    /// A number, or a name of the host's.
    private static OptionalLong user(Call call) {
        Optional<String> given = call.options().value("user");
        if (given.isEmpty()) {
            return OptionalLong.empty();
        }
        String user = given.get().strip();
        if (user.matches("\\d{1,10}")) {
            return OptionalLong.of(Long.parseLong(user));
        }
        try {
            String line = Commands.run(Command.of("getent", "passwd", "--", user)).text();
            return OptionalLong.of(Long.parseLong(line.split(":", 4)[2]));
        } catch (CommandFailed e) {
            throw new ToolException("-u " + user + ": there is no such user");
        }
    }

    /// Every id that there is here, to itself.
    private static void mapAll(LxcContainer container, String kind, String letter) {
        for (String line : ProcFiles.read("/proc/self/" + kind + "_map").lines().toList()) {
            String[] words = line.strip().split("\\s+");
            long count = Math.min(Long.parseLong(words[2]), COUNT_MAX);
            container.set("lxc.idmap", letter + " " + words[0] + " " + words[0] + " " + count);
        }
    }

    private static Set<String> wanted(Call call) {
        String text =
                call.options()
                        .value("namespaces")
                        .orElseThrow(() ->
                                new ToolException(
                                        "namespaces to unshare are missing: -s MOUNT|PID|…"));
        Set<String> wanted = new TreeSet<>();
        for (String word : text.split("[|\\s,]+")) {
            String kind = KINDS.getOrDefault(word, word);
            if (!KINDS.containsValue(kind)) {
                throw new ToolException("no such namespace: " + word);
            }
            wanted.add(kind);
        }
        return wanted;
    }

    private static void hostName(Call call, LxcContainer container, Set<String> wanted) {
        Optional<String> name = call.options().value("hostname");
        if (name.isPresent() && !wanted.contains("uts")) {
            throw new ToolException("-H <hostname> needs -s UTSNAME");
        }
        name.ifPresent(value -> container.set("lxc.uts.name", value));
    }

    private static void interfaces(Call call, LxcContainer container, Set<String> wanted) {
        List<String> names = call.options().values("ifname");
        if (!names.isEmpty() && !wanted.contains("net")) {
            throw new ToolException("-i <interfacename> needs -s NETWORK");
        }
        for (int i = 0; i < names.size(); i++) {
            String prefix = "lxc.net." + i + ".";
            container.set(prefix + "type", "phys");
            container.set(prefix + "link", names.get(i));
            container.set(prefix + "name", names.get(i));
        }
    }

    private static int run(Call call, LxcContainer container) {
        List<String> command = new ArrayList<>(call.words());
        LxcStart request =
                new LxcStart(
                        command,
                        false,
                        call.invocation().env(),
                        Map.of(),
                        user(call),
                        OptionalLong.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        call.invocation().host().pid());
        return Application.run(call, container, request, call.options().has("daemon"));
    }
}
