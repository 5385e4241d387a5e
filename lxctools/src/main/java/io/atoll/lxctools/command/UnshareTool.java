package io.atoll.lxctools.command;

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
                        ToolOption.value('u', "user", "UID", "Run as this user"),
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
            container.set("lxc.idmap", "u 0 0 4294967294");
            container.set("lxc.idmap", "g 0 0 4294967294");
        }
        if (call.options().has("remount") && wanted.contains("mnt")) {
            container.set("lxc.mount.auto", "proc:rw");
        }
        return run(call, container);
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
        OptionalLong uid = call.number("user").map(OptionalLong::of).orElse(OptionalLong.empty());
        List<String> command = new ArrayList<>(call.words());
        LxcStart request =
                new LxcStart(
                        command,
                        true,
                        call.invocation().env(),
                        Map.of(),
                        uid,
                        OptionalLong.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        call.invocation().host().pid());
        return Application.run(call, container, request, call.options().has("daemon"));
    }
}
