package io.atoll.plan;

import io.atoll.plan.Step.*;
import java.util.ArrayList;
import java.util.List;

/// Turns a plan into the bytes that the shim reads. The format is described in `docs/plan.md`; its
/// version changes with every change of a step, because both sides come from one build.
public final class PlanEncoder {
    static final int MAGIC = 0x4C50_5441;
    static final int VERSION = 1;
    static final int KIND_START = 1;
    static final int KIND_EXEC = 2;
    static final int TAG_NAME = 16;
    static final int TAG_OPTIONS = 17;
    static final int TAG_ENTER = 18;
    static final int STEP_OPTIONAL = 1;
    static final int STEP_AT_REBOOT = 2;
    private static final int TOTAL_OFFSET = 8;

    private PlanEncoder() {}

    /// The plan's bytes.
    ///
    /// @throws InvalidPlanException if they would be more than [PlanLimits#PLAN_BYTES_MAX], or a
    ///   list or text breaks its limit
    public static byte[] encode(Plan plan) {
        WireWriter out = new WireWriter();
        int kind =
                switch (plan) {
                    case StartPlan _ -> KIND_START;
                    case ExecPlan _ -> KIND_EXEC;
                };
        out.u32(MAGIC).u16(VERSION).u16(kind).u32(0);
        part(out, TAG_NAME, new WireWriter().text(plan.name()));
        switch (plan) {
            case StartPlan start -> {
                part(out, TAG_OPTIONS, options(start.options()));
                part(out, Section.CLONE.number(), clone(start.spawn()));
            }
            case ExecPlan exec -> part(out, TAG_ENTER, enter(exec));
        }
        for (Section section : Section.values()) {
            if (!plan.steps(section).isEmpty()) {
                part(out, section.number(), steps(plan.steps(section)));
            }
        }
        part(out, Section.INIT.number(), init(plan.init()));
        return withTotal(out);
    }

    private static byte[] withTotal(WireWriter out) {
        if (out.size() > PlanLimits.PLAN_BYTES_MAX) {
            throw new InvalidPlanException(
                    "the plan has "
                            + out.size()
                            + " bytes, more than "
                            + PlanLimits.PLAN_BYTES_MAX);
        }
        byte[] all = out.toArray();
        byte[] total = new WireWriter().u32(all.length).toArray();
        System.arraycopy(total, 0, all, TOTAL_OFFSET, total.length);
        return all;
    }

    private static void part(WireWriter out, int tag, WireWriter content) {
        byte[] bytes = content.toArray();
        out.u16(tag).u16(0).bytes(bytes);
    }

    private static WireWriter options(MonitorOptions o) {
        return new WireWriter()
                .text(o.socketPath())
                .text(o.recordPath())
                .text(o.exitPath())
                .text(o.logPath())
                .u64(o.logBytesMax())
                .u32(o.ringBytes())
                .constant(o.reboot())
                .flag(o.waitAtGate())
                .flag(o.killWithMonitor())
                .flag(o.forwardSignals())
                .u32(o.startTimeoutMillis())
                .u32(o.killSignal())
                .slot(o.outlet());
    }

    private static WireWriter clone(CloneSpec c) {
        return new WireWriter()
                .u32(Namespace.flags(c.namespaces()))
                .text(c.uidMap())
                .text(c.gidMap())
                .slot(c.cgroup())
                .slot(c.userNamespace());
    }

    private static WireWriter enter(ExecPlan e) {
        return new WireWriter()
                .slot(e.target())
                .u32(Namespace.flags(e.namespaces()))
                .slot(e.cgroup())
                .flag(e.killWithRequester());
    }

    private static WireWriter init(Init i) {
        WireWriter out =
                new WireWriter()
                        .texts(i.argv())
                        .texts(i.environment())
                        .text(i.cwd())
                        .u32(i.uid())
                        .u32(i.gid());
        out.u32(i.groups().size());
        i.groups().forEach(out::u32);
        out.u32(i.umask()).flag(i.newSession());
        return switch (i.stdio()) {
            case Stdio.Terminal(Slot slave) ->
                    out.u32(1).slot(slave).slot(Slot.NONE).slot(Slot.NONE);
            case Stdio.Descriptors(Slot in, Slot stdout, Slot err) ->
                    out.u32(2).slot(in).slot(stdout).slot(err);
        };
    }

    private static WireWriter steps(List<Step> steps) {
        WireWriter out = new WireWriter().u32(steps.size());
        for (Step step : steps) {
            Step either = step instanceof AtReboot(Step wrapped) ? wrapped : step;
            Step inner = either instanceof IfPossible(Step wrapped) ? wrapped : either;
            int flags =
                    (either == step ? 0 : STEP_AT_REBOOT) | (inner == either ? 0 : STEP_OPTIONAL);
            WireWriter fields = new WireWriter();
            int code = fields(fields, inner);
            out.u8(code).u8(flags).u16(0).bytes(fields.toArray());
        }
        return out;
    }

    /// Writes the step's fields and returns its number. The numbers are those of the table in the
    /// shim's `steps.c`.
    private static int fields(WireWriter out, Step step) {
        return switch (step) {
            case Mkdir s -> code(1, out.place(s.at()).u32(s.mode()).flag(s.existsOk()));
            case WriteFile s -> code(2, out.place(s.at()).text(s.content()).constant(s.how()));
            case Symlink s -> code(3, out.text(s.target()).place(s.at()).flag(s.existsOk()));
            case MakeNode s -> code(4, node(out, s));
            case Chown s -> code(5, out.place(s.at()).u32(s.uid()).u32(s.gid()));
            case Chmod s -> code(6, out.place(s.at()).u32(s.mode()));
            case Open s -> code(7, out.slot(s.slot()).place(s.at()).constant(s.mode()));
            case Close s -> code(8, out.slot(s.slot()));
            case Remove s -> code(9, out.place(s.at()).flag(s.directory()));
            case RemoveTree s -> code(10, out.place(s.at()).u32(s.timeoutMillis()));
            case OpenTree s ->
                    code(11, out.slot(s.slot()).place(s.from()).flag(s.copy()).flag(s.recursive()));
            case SetMountAttributes s -> code(12, attributes(out, s));
            case NewMount s -> code(13, newMount(out, s));
            case AttachMount s -> code(14, out.slot(s.slot()).place(s.at()));
            case Mount s ->
                    code(
                            15,
                            out.text(s.source())
                                    .place(s.at())
                                    .text(s.type())
                                    .u64(s.flags())
                                    .text(s.data()));
            case Umount s -> code(16, out.place(s.at()).flag(s.detach()));
            case PivotRoot s -> code(17, out.slot(s.root()));
            case Chroot s -> code(18, out.place(s.at()));
            case Chdir s -> code(19, out.place(s.at()));
            case AttachLoop s ->
                    code(
                            20,
                            out.slot(s.slot())
                                    .place(s.file())
                                    .flag(s.readOnly())
                                    .u64(s.offset())
                                    .u64(s.size()));
            case NewUserNamespace s ->
                    code(21, out.slot(s.slot()).text(s.uidMap()).text(s.gidMap()));
            case EnterNamespaces s ->
                    code(22, out.slot(s.from()).u32(Namespace.flags(s.namespaces())));
            case Unshare s -> code(23, out.u32(Namespace.flags(s.namespaces())));
            case SetHostname s -> code(24, out.text(s.name()));
            case SetDomainname s -> code(25, out.text(s.name()));
            case SetResourceLimit s ->
                    code(26, out.flag(s.ofChild()).u32(s.resource()).u64(s.soft()).u64(s.hard()));
            case FilterDevices s -> code(27, out.slot(s.cgroup()).bytes(s.program().toArray()));
            case BoundCapabilities s -> code(28, out.u64(s.keep()));
            case ForbidNewPrivileges _ -> code(29, out);
            case FilterSystemCalls s ->
                    code(30, out.bytes(s.program().toArray()).slot(s.listener()));
            case SetPersonality s -> code(31, out.u64(s.persona()));
            case ShareCores _ -> code(42, out);
            case NewSessionKeyring _ -> code(32, out);
            case SetParentDeathSignal s -> code(33, out.u32(s.signal()));
            case ShowTitle s -> code(46, out.text(s.process()).text(s.kind()).text(s.name()));
            case OpenTerminal s ->
                    code(
                            34,
                            out.u32(s.number())
                                    .place(s.multiplexer())
                                    .place(s.bindOn())
                                    .slot(s.slave()));
            case SendNetlink s -> code(35, patches(out.bytes(s.message().toArray()), s.patches()));
            case RunHook s -> hook(out, s);
            case Keep s -> code(37, out.slot(s.slot()));
            case KeepCalls s ->
                    code(43, out.slot(s.listener()).u32(s.patienceMillis()).text(s.note()));
            case ForwardCalls s ->
                    code(45, out.slot(s.listener()).text(s.socket()).text(s.cookie()));
            case AwaitGate _ -> code(38, out);
            case AwaitChild _ -> code(40, out);
            case TakeChild s -> code(41, out.place(s.pidFile()));
            case SizeTerminal s -> code(39, out.slot(s.terminal()).u32(s.columns()).u32(s.rows()));
            case AtReboot _ -> throw new InvalidPlanException("a step for reboots inside of one");
            case IfPossible _ ->
                    throw new InvalidPlanException("an optional step inside an optional step");
        };
    }

    private static int hook(WireWriter out, RunHook s) {
        out.texts(s.argv()).texts(s.environment()).u32(s.timeoutMillis());
        return s.input().isNone() ? code(36, out) : code(44, out.slot(s.input()));
    }

    private static int code(int code, WireWriter written) {
        if (written.size() > PlanLimits.PLAN_BYTES_MAX) {
            throw new InvalidPlanException("a step is larger than a whole plan may be");
        }
        return code;
    }

    private static WireWriter node(WireWriter out, MakeNode s) {
        return out.place(s.at())
                .constant(s.type())
                .u32(s.mode())
                .u32(s.major())
                .u32(s.minor())
                .flag(s.existsOk());
    }

    private static WireWriter attributes(WireWriter out, SetMountAttributes s) {
        return out.place(s.at())
                .flag(s.recursive())
                .u32(MountAttribute.flags(s.set()))
                .u32(MountAttribute.flags(s.clear()))
                .u32(s.propagation().flag())
                .slot(s.idmap());
    }

    private static WireWriter newMount(WireWriter out, NewMount s) {
        List<String> options = new ArrayList<>();
        for (FsOption option : s.options()) {
            switch (option) {
                case FsOption.Flag(String key) -> options.addAll(List.of("!" + key, ""));
                case FsOption.Text(String key, String value) ->
                        options.addAll(List.of("=" + key, value));
                case FsOption.Descriptor(String key, Slot slot) ->
                        options.addAll(List.of("#" + key, Tokens.pathOf(slot)));
            }
        }
        return out.slot(s.slot())
                .text(s.type())
                .texts(options)
                .u32(MountAttribute.flags(s.attributes()))
                .u32(s.owner().uid())
                .u32(s.owner().gid())
                .flag(s.mustBeWritable());
    }

    private static WireWriter patches(WireWriter out, List<Patch> patches) {
        out.u32(patches.size());
        for (Patch patch : patches) {
            switch (patch) {
                case Patch.ChildPid(int offset) -> out.u8(1).slot(Slot.NONE).u32(offset).text("");
                case Patch.InterfaceIndex(int offset, String name) ->
                        out.u8(2).slot(Slot.NONE).u32(offset).text(name);
                case Patch.Descriptor(int offset, Slot slot) ->
                        out.u8(3).slot(slot).u32(offset).text("");
            }
        }
        return out;
    }
}
