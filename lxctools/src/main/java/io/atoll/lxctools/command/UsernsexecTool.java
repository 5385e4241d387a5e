package io.atoll.lxctools.command;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.NsId;
import io.atoll.linux.Idmaps;
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

/// `lxc-usernsexec`: runs a command as root of a new user namespace.
public final class UsernsexecTool implements Tool {
    /// Root; a plain user's commands are root of a namespace in which that is the user.
    private static final HostId CALLER = new HostId(0);

    private static final String NAME = "[^\\s:]+";

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "[-m u|g|b:INSIDE:OUTSIDE:COUNT]... [-s] [-- COMMAND [ARG...]]",
                        "Runs a command, or a shell, as root of a new user namespace.",
                        ToolOption.value(
                                'm',
                                "map",
                                "MAP",
                                "Map COUNT ids; by default all that /etc/subuid and"
                                        + " /etc/subgid give"),
                        ToolOption.flag(
                                's', "self", "Map the caller too, to the first ids that are free"))
                .named(ToolSpec.Name.NONE)
                .followedByCommand();
    }

    @Override
    public int run(Call call) {
        Idmap map = map(call);
        LxcContainer container = call.path().container("userns-" + call.invocation().host().pid());
        container.set("lxc.namespace.keep", "pid uts ipc net cgroup");
        container.set("lxc.keyring.session", "0");
        for (IdmapEntry entry : map.entries()) {
            container.set(
                    "lxc.idmap",
                    (entry.kind() == IdmapEntry.Kind.UID ? "u " : "g ")
                            + entry.nsId().value()
                            + " "
                            + entry.hostId().value()
                            + " "
                            + entry.count());
        }
        List<String> command = call.words().isEmpty() ? List.of("/bin/sh") : call.words();
        LxcStart request =
                new LxcStart(
                        command,
                        false,
                        call.invocation().env(),
                        Map.of(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        call.invocation().host().pid());
        return Application.run(call, container, request, false);
    }

    private static Idmap map(Call call) {
        List<IdmapEntry> entries = new ArrayList<>();
        for (String text : call.options().values("map")) {
            entries.addAll(parse(text));
        }
        if (entries.isEmpty()) {
            entries.addAll(given(IdmapEntry.Kind.UID, "/etc/subuid", call));
            entries.addAll(given(IdmapEntry.Kind.GID, "/etc/subgid", call));
        }
        if (entries.isEmpty()) {
            throw new ToolException(
                    "there are no ids to map: give -m, or add the user to /etc/subuid and"
                            + " /etc/subgid");
        }
        if (call.options().has("self")) {
            for (IdmapEntry.Kind kind : IdmapEntry.Kind.values()) {
                entries.add(new IdmapEntry(kind, end(entries, kind), CALLER, 1));
            }
        }
        return new Idmap(entries);
    }

    /// The first id behind all that are mapped.
    private static NsId end(List<IdmapEntry> entries, IdmapEntry.Kind kind) {
        return new NsId(
                entries.stream()
                        .filter(entry -> entry.kind() == kind)
                        .mapToLong(entry -> entry.nsId().value() + entry.count())
                        .max()
                        .orElse(0));
    }

    /// One `-m`.
    static List<IdmapEntry> parse(String text) {
        String[] parts = text.split(":");
        try {
            if (parts.length == 4 && List.of("u", "g", "b").contains(parts[0])) {
                List<IdmapEntry> out = new ArrayList<>();
                for (IdmapEntry.Kind kind : IdmapEntry.Kind.values()) {
                    boolean isUid = kind == IdmapEntry.Kind.UID;
                    if (parts[0].equals("b") || parts[0].equals(isUid ? "u" : "g")) {
                        out.add(
                                new IdmapEntry(
                                        kind,
                                        new NsId(Long.parseLong(parts[1])),
                                        new HostId(Long.parseLong(parts[2])),
                                        Long.parseLong(parts[3])));
                    }
                }
                return out;
            }
        } catch (NumberFormatException e) {
            throw new ToolException("not numbers in -m " + text);
        }
        throw new ToolException("-m " + text + ": expected u|g|b:INSIDE:OUTSIDE:COUNT");
    }

    private static List<IdmapEntry> given(IdmapEntry.Kind kind, String file, Call call) {
        String user =
                call.invocation().env("USER").matches(NAME)
                        ? call.invocation().env("USER")
                        : "root";
        List<IdmapEntry> out = new ArrayList<>();
        long next = 0;
        for (Idmaps.Range range :
                Idmaps.parse(
                        ProcFiles.readIfPresent(file).orElse(""),
                        user,
                        call.invocation().host().uid())) {
            out.add(new IdmapEntry(kind, new NsId(next), new HostId(range.base()), range.count()));
            next += range.count();
        }
        return out;
    }
}
