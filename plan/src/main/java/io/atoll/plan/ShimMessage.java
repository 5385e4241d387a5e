package io.atoll.plan;

import java.util.ArrayList;
import java.util.List;

/// One frame between Java and the shim, without the descriptors that ride along; see
/// `docs/plan.md`, section 3.
public sealed interface ShimMessage {
    /// Bytes of the largest frame: a START or EXEC with a plan of the largest size.
    int FRAME_BYTES_MAX = PlanLimits.PLAN_BYTES_MAX + 1024;

    /// Bytes of the largest frame that comes from the shim.
    int ANSWER_BYTES_MAX = 8192;

    /// The version that [Welcome] must name.
    int VERSION = PlanEncoder.VERSION;

    /// Asks the fork server who it is.
    record Hello() implements ShimMessage {}

    /// The fork server's version and the id of its build.
    record Welcome(int version, String build) implements ShimMessage {}

    /// Asks for a container. The descriptors of the message fill these slots in order.
    record Start(List<Slot> slots, Blob plan) implements ShimMessage {
        public Start {
            slots = List.copyOf(slots);
        }
    }

    /// Asks for a command in a container. The descriptors of the message fill these slots in order.
    record Exec(List<Slot> slots, Blob plan) implements ShimMessage {
        public Exec {
            slots = List.copyOf(slots);
        }
    }

    /// Asks for a monitor of a container that has lost its own and was started by this plan. The
    /// descriptors of the message fill these slots in order; one more is the pidfd of its init.
    ///
    /// @param pid of its init
    /// @param boots how often it was started
    record Adopt(List<Slot> slots, Blob plan, int pid, int boots) implements ShimMessage {
        public Adopt {
            slots = List.copyOf(slots);
        }
    }

    /// Asks the fork server how a process ended that lost its parent.
    record GetExit(int pid) implements ShimMessage {}

    /// Its status as wait(2) tells it.
    record Exit(int status) implements ShimMessage {}

    /// Ends the fork server; monitors live on.
    record Retire() implements ShimMessage {}

    /// The child waits; a pidfd is attached.
    record Gate(int pid) implements ShimMessage {}

    /// The program runs; a pidfd is attached, for an exec also the masters of its terminals.
    record Started(int pid, int boots, int terminals) implements ShimMessage {}

    /// A step failed. `index` counts from 1; 0 is a failure outside of the steps, told by `step`
    /// alone.
    record Failed(Section section, int index, String step, String call, int errno, String detail)
            implements ShimMessage {}

    /// The container or command ended; `status` is an exit code or a signal.
    record Gone(Reason reason, int status) implements ShimMessage {}

    /// How it ended.
    enum Reason {
        EXITED(1),
        KILLED(2),
        HALT(3),
        REBOOT(4),
        START_FAILED(5),
        /// The monitor took it over from one that was killed, and the fork server has been replaced
        /// since.
        UNKNOWN(6);

        private final int number;

        Reason(int number) {
            this.number = number;
        }
    }

    /// The container rebooted itself and the monitor starts it again.
    record Rebooting() implements ShimMessage {}

    /// Whoever freezes or thaws the container asked that it be told.
    record Announced(Pace pace) implements ShimMessage {}

    /// What is told of a container that goes on or stands still, for which the kernel has no word
    /// to the monitor.
    enum Pace {
        FREEZING(1),
        FROZEN(2),
        THAWED(3);

        private final int number;

        Pace(int number) {
            this.number = number;
        }
    }

    /// What a monitor knows; a pidfd is attached if `pid` is not 0.
    record State(Phase phase, int pid, int boots, int terminals, String name)
            implements ShimMessage {}

    /// Where a container is in its life.
    enum Phase {
        STARTING(1),
        RUNNING(2),
        REBOOTING(3),
        STOPPING(4);

        private final int number;

        Phase(int number) {
            this.number = number;
        }
    }

    /// Done.
    record Ok() implements ShimMessage {}

    /// Refused.
    record Refused(int errno, String text) implements ShimMessage {}

    /// The descriptor asked for is attached.
    record Descriptor(int number) implements ShimMessage {}

    /// Asks for [State].
    record GetState() implements ShimMessage {}

    /// Lets the child go on to its init.
    record OpenGate() implements ShimMessage {}

    /// Sends a signal to init or to the command.
    record Signal(int signal) implements ShimMessage {}

    /// Ends the start, the container or the command by force.
    record Kill() implements ShimMessage {}

    /// Asks for events on this connection.
    record Watch() implements ShimMessage {}

    /// Asks for the stream of a terminal.
    record Attach(int terminal, boolean replay, boolean takeOver) implements ShimMessage {}

    /// Tells a terminal its size.
    record Resize(int terminal, int rows, int columns) implements ShimMessage {}

    /// Asks for the console's ring buffer.
    record GetLog() implements ShimMessage {}

    /// Empties the console's ring buffer.
    record ClearLog() implements ShimMessage {}

    /// Asks for a descriptor that the plan kept.
    record GetKept(Slot slot) implements ShimMessage {}

    /// Borrows the master of a terminal until the connection ends; [#ANY_TERMINAL] takes a free
    /// one.
    record GetTerminal(int terminal) implements ShimMessage {}

    /// For [GetTerminal].
    int ANY_TERMINAL = -1;

    /// Asks for the plan the container runs by.
    record GetPlan() implements ShimMessage {}

    /// Changes what happens at the next reboot.
    record SetReboot(MonitorOptions.OnReboot policy) implements ShimMessage {}

    /// Asks the monitor to tell all who watch.
    record Announce(Pace pace) implements ShimMessage {}

    /// Gives the monitor the listener of a command's filter, attached, whose calls it forwards as
    /// step [Step.ForwardCalls] says.
    record ForwardCalls() implements ShimMessage {}

    /// The message as one frame.
    static byte[] encode(int tag, ShimMessage message) {
        WireWriter out = new WireWriter();
        return switch (message) {
            case Hello _ -> frame(out, 1, tag);
            case Welcome m -> frame(out.u32(m.version()).text(m.build()), 2, tag);
            case Start m -> frame(plan(out, m.slots(), m.plan()), 3, tag);
            case Exec m -> frame(plan(out, m.slots(), m.plan()), 4, tag);
            case Retire _ -> frame(out, 5, tag);
            case Adopt m ->
                    frame(plan(out, m.slots(), m.plan()).u32(m.pid()).u32(m.boots()), 6, tag);
            case GetExit m -> frame(out.u32(m.pid()), 7, tag);
            case Gate m -> frame(out.u32(m.pid()), 16, tag);
            case Started m -> frame(out.u32(m.pid()).u32(m.boots()).u32(m.terminals()), 17, tag);
            case Failed m ->
                    frame(
                            out.u32(m.section().number())
                                    .u32(m.index())
                                    .text(m.step())
                                    .text(m.call())
                                    .u32(m.errno())
                                    .text(m.detail()),
                            18,
                            tag);
            case Gone m -> frame(out.u32(m.reason().number).u32(m.status()), 19, tag);
            case Rebooting _ -> frame(out, 20, tag);
            case Announced m -> frame(out.u32(m.pace().number), 21, tag);
            case GetState _ -> frame(out, 32, tag);
            case OpenGate _ -> frame(out, 33, tag);
            case Signal m -> frame(out.u32(m.signal()), 34, tag);
            case Kill _ -> frame(out, 35, tag);
            case Watch _ -> frame(out, 36, tag);
            case Attach m ->
                    frame(
                            out.u32(m.terminal())
                                    .u32((m.replay() ? 1 : 0) | (m.takeOver() ? 2 : 0)),
                            37,
                            tag);
            case Resize m -> frame(out.u32(m.terminal()).u32(m.rows()).u32(m.columns()), 38, tag);
            case GetLog _ -> frame(out, 39, tag);
            case ClearLog _ -> frame(out, 40, tag);
            case GetKept m -> frame(out.u32(m.slot().number()), 41, tag);
            case GetTerminal m -> frame(out.u32(m.terminal()), 42, tag);
            case GetPlan _ -> frame(out, 43, tag);
            case SetReboot m -> frame(out.constant(m.policy()), 44, tag);
            case Announce m -> frame(out.u32(m.pace().number), 45, tag);
            case ForwardCalls _ -> frame(out, 46, tag);
            case State m ->
                    frame(
                            out.u32(m.phase().number)
                                    .u32(m.pid())
                                    .u32(m.boots())
                                    .u32(m.terminals())
                                    .text(m.name()),
                            48,
                            tag);
            case Ok _ -> frame(out, 49, tag);
            case Refused m -> frame(out.u32(m.errno()).text(m.text()), 50, tag);
            case Descriptor m -> frame(out.u32(m.number()), 51, tag);
            case Exit m -> frame(out.u32(m.status()), 52, tag);
        };
    }

    /// A message with the tag of its frame.
    record Tagged(int tag, ShimMessage message) {}

    /// The message in a frame.
    ///
    /// @throws InvalidPlanException if it is none
    static Tagged decode(byte[] frame) {
        WireReader in = new WireReader(frame);
        int type = in.u16();
        in.u16();
        int tag = in.i32();
        ShimMessage message =
                switch (type) {
                    case 1 -> new Hello();
                    case 2 -> new Welcome(in.i32(), in.text());
                    case 3 -> new Start(slots(in), Blob.of(PlanLimits.PLAN_BYTES_MAX, in.bytes()));
                    case 4 -> new Exec(slots(in), Blob.of(PlanLimits.PLAN_BYTES_MAX, in.bytes()));
                    case 5 -> new Retire();
                    case 6 ->
                            new Adopt(
                                    slots(in),
                                    Blob.of(PlanLimits.PLAN_BYTES_MAX, in.bytes()),
                                    in.i32(),
                                    in.i32());
                    case 7 -> new GetExit(in.i32());
                    case 16 -> new Gate(in.i32());
                    case 17 -> new Started(in.i32(), in.i32(), in.i32());
                    case 18 ->
                            new Failed(
                                    Section.of(in.i32()),
                                    in.i32(),
                                    in.text(),
                                    in.text(),
                                    in.i32(),
                                    in.foreignText());
                    case 19 -> new Gone(reason(in.i32()), in.i32());
                    case 20 -> new Rebooting();
                    case 21 -> new Announced(pace(in.i32()));
                    case 32 -> new GetState();
                    case 33 -> new OpenGate();
                    case 34 -> new Signal(in.i32());
                    case 35 -> new Kill();
                    case 36 -> new Watch();
                    case 37 -> attach(in.i32(), in.i32());
                    case 38 -> new Resize(in.i32(), in.i32(), in.i32());
                    case 39 -> new GetLog();
                    case 40 -> new ClearLog();
                    case 41 -> new GetKept(Slot.of(in.i32()));
                    case 42 -> new GetTerminal(in.i32());
                    case 43 -> new GetPlan();
                    case 44 -> new SetReboot(in.constant(MonitorOptions.OnReboot.values()));
                    case 45 -> new Announce(pace(in.i32()));
                    case 46 -> new ForwardCalls();
                    case 48 -> new State(phase(in.i32()), in.i32(), in.i32(), in.i32(), in.text());
                    case 49 -> new Ok();
                    case 50 -> new Refused(in.i32(), in.text());
                    case 51 -> new Descriptor(in.i32());
                    case 52 -> new Exit(in.i32());
                    default -> throw new InvalidPlanException("no such message: " + type);
                };
        in.expectEnd("message " + type);
        return new Tagged(tag, message);
    }

    private static byte[] frame(WireWriter payload, int type, int tag) {
        return new WireWriter().u16(type).u16(0).u32(tag).raw(payload.toArray()).toArray();
    }

    private static WireWriter plan(WireWriter out, List<Slot> slots, Blob plan) {
        out.u32(slots.size());
        slots.forEach(out::slot);
        return out.bytes(plan.toArray());
    }

    private static List<Slot> slots(WireReader in) {
        int count = in.count(PlanLimits.SLOTS_MAX);
        List<Slot> slots = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            slots.add(in.slot());
        }
        return slots;
    }

    private static Attach attach(int terminal, int flags) {
        return new Attach(terminal, (flags & 1) != 0, (flags & 2) != 0);
    }

    private static Reason reason(int number) {
        for (Reason each : Reason.values()) {
            if (each.number == number) {
                return each;
            }
        }
        throw new InvalidPlanException("no such reason: " + number);
    }

    private static Phase phase(int number) {
        for (Phase each : Phase.values()) {
            if (each.number == number) {
                return each;
            }
        }
        throw new InvalidPlanException("no such phase: " + number);
    }

    private static Pace pace(int number) {
        for (Pace each : Pace.values()) {
            if (each.number == number) {
                return each;
            }
        }
        throw new InvalidPlanException("no such pace: " + number);
    }
}
