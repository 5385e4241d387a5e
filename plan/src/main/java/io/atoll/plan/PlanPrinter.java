package io.atoll.plan;

import io.atoll.plan.Step.*;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// Turns a plan into text for people, one numbered line per step: what `--explain` shows, what
/// golden tests compare, and the words in which a failed step is reported.
public final class PlanPrinter {
    private PlanPrinter() {}

    /// The whole plan, ending in a newline.
    public static String print(Plan plan) {
        StringBuilder out = new StringBuilder();
        switch (plan) {
            case StartPlan start -> {
                line(out, "start " + start.name());
                options(out, start.options());
                section(out, Section.MONITOR, start.monitor());
                section(out, Section.HOST, start.host());
                clone(out, start.spawn());
                section(out, Section.GATE, start.gate());
                section(out, Section.CHILD, start.child());
                init(out, start.init());
                section(out, Section.GONE, start.gone());
                section(out, Section.ADOPT, start.adopt());
                section(out, Section.RESTORE, start.restore());
            }
            case ExecPlan exec -> {
                line(out, "exec in " + exec.name());
                line(out, "  enter " + words(exec.namespaces()) + " of " + exec.target());
                if (!exec.cgroup().isNone()) {
                    line(out, "  in cgroup of " + exec.cgroup());
                }
                if (exec.killWithRequester()) {
                    line(out, "  killed with its requester");
                }
                section(out, Section.HOST, exec.host());
                section(out, Section.CHILD, exec.child());
                init(out, exec.init());
            }
        }
        return out.toString();
    }

    /// One step in words, such as `mount proc in slot 3`.
    public static String describe(Step step) {
        return switch (step) {
            case Mkdir s -> "make directory " + at(s.at()) + mode(s.mode()) + exists(s.existsOk());
            case WriteFile s -> write(s);
            case Symlink s ->
                    "link "
                            + at(s.at())
                            + " to "
                            + Tokens.describe(s.target())
                            + exists(s.existsOk());
            case MakeNode s -> node(s);
            case Chown s -> "give " + at(s.at()) + " to " + s.uid() + ":" + s.gid();
            case Chmod s -> "set mode of " + at(s.at()) + mode(s.mode());
            case Open s -> "open " + at(s.at()) + " as " + s.slot() + " (" + lower(s.mode()) + ")";
            case Close s -> "close " + s.slot();
            case Remove s -> "remove " + (s.directory() ? "directory " : "") + at(s.at());
            case RemoveTree s ->
                    "remove directories "
                            + at(s.at())
                            + ", waiting up to "
                            + s.timeoutMillis()
                            + " ms";
            case OpenTree s ->
                    (s.copy() ? "copy mount " : "take mount ")
                            + at(s.from())
                            + (s.recursive() ? " and below" : "")
                            + " as "
                            + s.slot();
            case SetMountAttributes s -> attributes(s);
            case NewMount s -> newMount(s);
            case AttachMount s -> "attach " + s.slot() + " on " + at(s.at());
            case Mount s ->
                    "mount "
                            + Tokens.describe(s.source())
                            + " on "
                            + at(s.at())
                            + " ("
                            + orNone(s.type())
                            + ", flags 0x"
                            + Long.toHexString(s.flags())
                            + (s.data().isEmpty() ? "" : ", " + Tokens.describe(s.data()))
                            + ")";
            case Umount s -> "unmount " + at(s.at()) + (s.detach() ? " lazily" : "");
            case PivotRoot s -> "make " + s.root() + " the root";
            case Chroot s -> "chroot to " + at(s.at());
            case Chdir s -> "change directory to " + at(s.at());
            case AttachLoop s -> loop(s);
            case NewUserNamespace s ->
                    "make user namespace "
                            + s.slot()
                            + ", users "
                            + map(s.uidMap())
                            + ", groups "
                            + map(s.gidMap());
            case EnterNamespaces s -> "enter " + words(s.namespaces()) + " of " + s.from();
            case Unshare s -> "unshare " + words(s.namespaces());
            case SetHostname s -> "set host name " + s.name();
            case SetDomainname s -> "set domain name " + s.name();
            case SetResourceLimit s ->
                    "limit resource "
                            + s.resource()
                            + (s.ofChild() ? " of the child" : "")
                            + " to "
                            + limit(s.soft())
                            + ":"
                            + limit(s.hard());
            case FilterDevices s ->
                    "filter devices of "
                            + s.cgroup()
                            + " by a program of "
                            + s.program().size()
                            + " bytes";
            case BoundCapabilities s -> "keep only capabilities 0x" + Long.toHexString(s.keep());
            case ForbidNewPrivileges _ -> "forbid new privileges";
            case FilterSystemCalls s ->
                    "filter system calls by a program of "
                            + s.program().size()
                            + " bytes"
                            + (s.listener().isNone() ? "" : ", listener " + s.listener());
            case ShareCores _ -> "share cores with nobody outside";
            case SetPersonality s -> "set personality 0x" + Long.toHexString(s.persona());
            case NewSessionKeyring _ -> "join a new session keyring";
            case ShowTitle s -> "show as " + s.process() + ", [" + s.kind() + "] " + s.name();
            case SetParentDeathSignal s -> "die with the parent by signal " + s.signal();
            case OpenTerminal s ->
                    "open terminal "
                            + s.number()
                            + " by "
                            + at(s.multiplexer())
                            + (s.bindOn() instanceof Place.Nowhere ? "" : " on " + at(s.bindOn()))
                            + " as "
                            + s.slave();
            case SendNetlink s -> netlink(s);
            case RunHook s -> hook(s);
            case Keep s -> "keep " + s.slot() + " in the monitor";
            case KeepCalls s ->
                    "keep "
                            + s.listener()
                            + " in the monitor, which answers after "
                            + s.patienceMillis()
                            + " ms without anybody, and those in "
                            + s.note();
            case ForwardCalls s ->
                    "keep "
                            + s.listener()
                            + " in the monitor, which asks "
                            + s.socket()
                            + (s.cookie().isEmpty() ? "" : " with cookie " + s.cookie());
            case AwaitGate _ -> "wait for the gate";
            case AwaitChild _ -> "wait for the child";
            case TakeChild s -> "take over the child that " + at(s.pidFile()) + " names";
            case SizeTerminal s ->
                    "size terminal " + s.terminal() + " to " + s.columns() + " by " + s.rows();
            case IfPossible(Step inner) -> "if possible, " + describe(inner);
            case AtReboot(Step inner) -> "at a reboot, " + describe(inner);
        };
    }

    private static String write(WriteFile s) {
        String how =
                switch (s.how()) {
                    case EXISTING -> "to ";
                    case REPLACE -> "to new ";
                    case APPEND -> "to end of ";
                };
        return "write \"" + Tokens.describe(s.content()) + "\" " + how + at(s.at());
    }

    private static String node(MakeNode s) {
        String device =
                switch (s.type()) {
                    case CHARACTER, BLOCK -> " " + s.major() + ":" + s.minor();
                    case FILE, FIFO -> "";
                };
        return "make "
                + lower(s.type())
                + device
                + " "
                + at(s.at())
                + mode(s.mode())
                + exists(s.existsOk());
    }

    private static String attributes(SetMountAttributes s) {
        StringBuilder out = new StringBuilder("set mount ").append(at(s.at()));
        s.set().forEach(a -> out.append(' ').append(a.text()));
        s.clear().forEach(a -> out.append(" -").append(a.text()));
        if (s.propagation() != Propagation.UNCHANGED) {
            out.append(' ').append(lower(s.propagation()));
        }
        if (!s.idmap().isNone()) {
            out.append(" idmapped by ").append(s.idmap());
        }
        return out.append(s.recursive() ? " and below" : "").toString();
    }

    private static String newMount(NewMount s) {
        StringBuilder out =
                new StringBuilder("mount ").append(s.type()).append(" as ").append(s.slot());
        s.attributes().forEach(a -> out.append(' ').append(a.text()));
        for (FsOption option : s.options()) {
            switch (option) {
                case FsOption.Flag(String key) -> out.append(' ').append(key);
                case FsOption.Text(String key, String value) ->
                        out.append(' ').append(key).append('=').append(Tokens.describe(value));
                case FsOption.Descriptor(String key, Slot slot) ->
                        out.append(' ').append(key).append("=<").append(slot).append('>');
            }
        }
        if (!s.owner().equals(Owner.CALLER)) {
            out.append(", created by ").append(s.owner().uid()).append(':').append(s.owner().gid());
        }
        return out.append(s.mustBeWritable() ? ", writable" : "").toString();
    }

    private static String loop(AttachLoop s) {
        return "attach "
                + at(s.file())
                + " to a loop device as "
                + s.slot()
                + (s.readOnly() ? ", read-only" : "")
                + (s.offset() == 0 && s.size() == 0
                        ? ""
                        : ", " + s.size() + " bytes from " + s.offset());
    }

    private static String netlink(SendNetlink s) {
        return "send netlink message "
                + s.message()
                + s.patches().stream()
                        .map(p ->
                                switch (p) {
                                    case Patch.ChildPid(int offset) -> ", child's pid at " + offset;
                                    case Patch.InterfaceIndex(int offset, String name) ->
                                            ", index of " + name + " at " + offset;
                                    case Patch.Descriptor(int offset, Slot slot) ->
                                            ", " + slot + " at " + offset;
                                })
                        .collect(Collectors.joining());
    }

    private static String hook(RunHook s) {
        return "run "
                + s.argv().stream().map(Tokens::describe).collect(Collectors.joining(" "))
                + " for at most "
                + s.timeoutMillis()
                + " ms"
                + (s.input().isNone() ? "" : " with input from " + s.input())
                + s.environment().stream()
                        .map(e -> " " + Tokens.describe(e))
                        .collect(Collectors.joining());
    }

    private static void section(StringBuilder out, Section section, List<Step> steps) {
        if (steps.isEmpty()) {
            return;
        }
        line(out, lower(section));
        for (int i = 0; i < steps.size(); i++) {
            line(out, String.format(Locale.ROOT, "%4d  %s", i + 1, describe(steps.get(i))));
        }
    }

    private static void options(StringBuilder out, MonitorOptions o) {
        optional(out, "socket", o.socketPath());
        optional(out, "record", o.recordPath());
        optional(out, "exit record", o.exitPath());
        optional(out, "console log", o.logPath());
        if (o.logBytesMax() > 0) {
            line(out, "  console log at most " + o.logBytesMax() + " bytes");
        }
        if (!o.outlet().isNone()) {
            line(out, "  console also at slot " + o.outlet().number());
        }
        if (o.ringBytes() > 0) {
            line(out, "  console ring " + o.ringBytes() + " bytes");
        }
        line(
                out,
                "  on reboot "
                        + lower(o.reboot())
                        + ", kill by signal "
                        + o.killSignal()
                        + ", start within "
                        + o.startTimeoutMillis()
                        + " ms");
        flag(out, o.waitAtGate(), "requester opens the gate");
        flag(out, o.killWithMonitor(), "killed with its monitor");
        flag(out, o.forwardSignals(), "monitor forwards signals");
    }

    private static void clone(StringBuilder out, CloneSpec c) {
        line(out, lower(Section.CLONE));
        line(out, "  new " + words(c.namespaces()));
        if (!c.uidMap().isEmpty()) {
            line(out, "  users " + map(c.uidMap()) + ", groups " + map(c.gidMap()));
        }
        if (!c.cgroup().isNone()) {
            line(out, "  in cgroup of " + c.cgroup());
        }
        if (!c.userNamespace().isNone()) {
            line(out, "  its user namespace as " + c.userNamespace());
        }
    }

    private static void init(StringBuilder out, Init i) {
        line(out, lower(Section.INIT));
        line(
                out,
                "  run "
                        + i.argv().stream()
                                .map(PlanPrinter::quoted)
                                .collect(Collectors.joining(" ")));
        line(
                out,
                "  as "
                        + i.uid()
                        + ":"
                        + i.gid()
                        + (i.groups().isEmpty()
                                ? ""
                                : " with groups "
                                        + i.groups().stream()
                                                .map(String::valueOf)
                                                .collect(Collectors.joining(" ")))
                        + " in "
                        + i.cwd()
                        + ", umask "
                        + String.format(Locale.ROOT, "%03o", i.umask())
                        + (i.newSession() ? ", new session" : ""));
        line(
                out,
                switch (i.stdio()) {
                    case Stdio.Terminal(Slot slave) -> "  terminal " + slave;
                    case Stdio.Descriptors(Slot in, Slot stdout, Slot err) ->
                            "  input "
                                    + nullOr(in)
                                    + ", output "
                                    + nullOr(stdout)
                                    + ", errors "
                                    + nullOr(err);
                });
        i.environment().forEach(e -> line(out, "  environment " + quoted(e)));
    }

    private static String nullOr(Slot slot) {
        return slot.isNone() ? "/dev/null" : slot.toString();
    }

    private static String at(Place place) {
        return switch (place) {
            case Place.Nowhere _ -> "nowhere";
            case Place.HostPath(String path) -> path;
            case Place.InSlot(Slot slot) -> slot.toString();
            case Place.InRoot(Slot slot, String path) -> path + " in " + slot;
            case Place.Beneath(Slot slot, String path) -> path + " strictly in " + slot;
            case Place.ChildProc(String path) -> "/proc/<child pid>/" + path;
        };
    }

    private static String quoted(String text) {
        boolean plain =
                !text.isEmpty() && text.chars().noneMatch(c -> c <= ' ' || c == '"' || c == '\\');
        return plain
                ? text
                : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }

    private static String map(String text) {
        return text.strip().replace("\n", ", ");
    }

    private static String words(Set<Namespace> set) {
        return set.isEmpty()
                ? "no namespaces"
                : set.stream().map(Namespace::file).collect(Collectors.joining(" "));
    }

    private static String mode(int mode) {
        return String.format(Locale.ROOT, " %04o", mode);
    }

    private static String exists(boolean ok) {
        return ok ? " unless it exists" : "";
    }

    private static String limit(long value) {
        return value < 0 ? "unlimited" : Long.toString(value);
    }

    private static String orNone(String type) {
        return type.isEmpty() ? "no type" : type;
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static void optional(StringBuilder out, String what, String value) {
        if (!value.isEmpty()) {
            line(out, "  " + what + " " + value);
        }
    }

    private static void flag(StringBuilder out, boolean value, String text) {
        if (value) {
            line(out, "  " + text);
        }
    }

    private static void line(StringBuilder out, String text) {
        out.append(text).append('\n');
    }
}
