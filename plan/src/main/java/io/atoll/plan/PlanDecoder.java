package io.atoll.plan;

import io.atoll.plan.Step.*;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads an encoded plan back, as a running monitor hands it out.
public final class PlanDecoder {
    private final String name;
    private final Map<Integer, WireReader> parts;
    private final Map<Section, List<Step>> steps = new EnumMap<>(Section.class);

    private PlanDecoder(Map<Integer, WireReader> parts) {
        this.parts = parts;
        this.name = whole(part(PlanEncoder.TAG_NAME), WireReader::text, "the name");
    }

    /// The plan that these bytes are.
    ///
    /// @throws InvalidPlanException if they are none
    public static Plan decode(byte[] bytes) {
        WireReader in = new WireReader(bytes);
        if (in.i32() != PlanEncoder.MAGIC || in.u16() != PlanEncoder.VERSION) {
            throw new InvalidPlanException("this is not a plan of version " + PlanEncoder.VERSION);
        }
        int kind = in.u16();
        if (in.i32() != bytes.length) {
            throw new InvalidPlanException("the plan's length is wrong");
        }
        Map<Integer, WireReader> parts = new HashMap<>();
        while (!in.isAtEnd()) {
            int tag = in.u16();
            in.u16();
            if (parts.put(tag, in.part(in.i32())) != null) {
                throw new InvalidPlanException("part " + tag + " is there twice");
            }
        }
        PlanDecoder decoder = new PlanDecoder(parts);
        Plan plan =
                switch (kind) {
                    case PlanEncoder.KIND_START -> decoder.start();
                    case PlanEncoder.KIND_EXEC -> decoder.exec();
                    default -> throw new InvalidPlanException("no such kind of plan: " + kind);
                };
        if (!parts.isEmpty()) {
            throw new InvalidPlanException("parts that do not belong there: " + parts.keySet());
        }
        return plan;
    }

    private interface Read<T> {
        T from(WireReader in);
    }

    private static <T> T whole(WireReader in, Read<T> read, String what) {
        T value = read.from(in);
        in.expectEnd(what);
        return value;
    }

    private WireReader part(int tag) {
        WireReader found = parts.remove(tag);
        if (found == null) {
            throw new InvalidPlanException("part " + tag + " is missing");
        }
        return found;
    }

    private StartPlan start() {
        MonitorOptions options =
                whole(part(PlanEncoder.TAG_OPTIONS), PlanDecoder::options, "the options");
        CloneSpec clone = whole(part(Section.CLONE.number()), PlanDecoder::clone, "section CLONE");
        Init init = whole(part(Section.INIT.number()), PlanDecoder::init, "section INIT");
        return new StartPlan(
                name,
                options,
                steps(Section.MONITOR),
                steps(Section.HOST),
                clone,
                steps(Section.GATE),
                steps(Section.CHILD),
                init,
                steps(Section.GONE),
                steps(Section.ADOPT),
                steps(Section.RESTORE));
    }

    private ExecPlan exec() {
        WireReader enter = part(PlanEncoder.TAG_ENTER);
        Init init = whole(part(Section.INIT.number()), PlanDecoder::init, "section INIT");
        ExecPlan plan =
                new ExecPlan(
                        name,
                        enter.slot(),
                        Namespace.ofFlags(enter.i32()),
                        enter.slot(),
                        enter.flag(),
                        steps(Section.HOST),
                        steps(Section.CHILD),
                        init);
        enter.expectEnd("the part about entering");
        return plan;
    }

    private static MonitorOptions options(WireReader in) {
        return new MonitorOptions(
                in.text(),
                in.text(),
                in.text(),
                in.text(),
                in.u64(),
                in.i32(),
                in.constant(MonitorOptions.OnReboot.values()),
                in.flag(),
                in.flag(),
                in.flag(),
                in.i32(),
                in.i32(),
                in.slot());
    }

    private static CloneSpec clone(WireReader in) {
        return new CloneSpec(
                Namespace.ofFlags(in.i32()), in.text(), in.text(), in.slot(), in.slot());
    }

    private static Init init(WireReader in) {
        return new Init(
                in.texts(),
                in.texts(),
                in.text(),
                in.u32(),
                in.u32(),
                groups(in),
                in.i32(),
                in.flag(),
                stdio(in));
    }

    private static List<Long> groups(WireReader in) {
        int count = in.count(PlanLimits.LIST_MAX);
        List<Long> groups = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            groups.add(in.u32());
        }
        return groups;
    }

    private static Stdio stdio(WireReader in) {
        int kind = in.i32();
        Slot first = in.slot();
        Slot second = in.slot();
        Slot third = in.slot();
        return switch (kind) {
            case 1 -> new Stdio.Terminal(first);
            case 2 -> new Stdio.Descriptors(first, second, third);
            default -> throw new InvalidPlanException("no such kind of stdio: " + kind);
        };
    }

    private List<Step> steps(Section section) {
        WireReader in = parts.remove(section.number());
        if (in == null) {
            return List.of();
        }
        int count = in.count(PlanLimits.STEPS_MAX);
        List<Step> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int code = in.u8();
            int flags = in.u8();
            in.u16();
            Step step = whole(in.part(in.i32()), fields -> step(code, fields), "a step");
            Step inner = (flags & PlanEncoder.STEP_OPTIONAL) != 0 ? new IfPossible(step) : step;
            all.add((flags & PlanEncoder.STEP_AT_REBOOT) != 0 ? new AtReboot(inner) : inner);
        }
        in.expectEnd("section " + section);
        return steps.merge(section, all, (a, _) -> a);
    }

    private static Step step(int code, WireReader in) {
        return switch (code) {
            case 1 -> new Mkdir(in.place(), in.i32(), in.flag());
            case 2 -> new WriteFile(in.place(), in.text(), in.constant(WriteMode.values()));
            case 3 -> new Symlink(in.text(), in.place(), in.flag());
            case 4 ->
                    new MakeNode(
                            in.place(),
                            in.constant(NodeType.values()),
                            in.i32(),
                            in.i32(),
                            in.i32(),
                            in.flag());
            case 5 -> new Chown(in.place(), in.u32(), in.u32());
            case 6 -> new Chmod(in.place(), in.i32());
            case 7 -> new Open(in.slot(), in.place(), in.constant(OpenMode.values()));
            case 8 -> new Close(in.slot());
            case 9 -> new Remove(in.place(), in.flag());
            case 10 -> new RemoveTree(in.place(), in.i32());
            case 11 -> new OpenTree(in.slot(), in.place(), in.flag(), in.flag());
            case 12 ->
                    new SetMountAttributes(
                            in.place(),
                            in.flag(),
                            MountAttribute.ofFlags(in.i32()),
                            MountAttribute.ofFlags(in.i32()),
                            Propagation.ofFlag(in.i32()),
                            in.slot());
            case 13 -> newMount(in);
            case 14 -> new AttachMount(in.slot(), in.place());
            case 15 -> new Mount(in.text(), in.place(), in.text(), in.u64(), in.text());
            case 16 -> new Umount(in.place(), in.flag());
            case 17 -> new PivotRoot(in.slot());
            case 18 -> new Chroot(in.place());
            case 19 -> new Chdir(in.place());
            case 20 -> new AttachLoop(in.slot(), in.place(), in.flag(), in.u64(), in.u64());
            case 21 -> new NewUserNamespace(in.slot(), in.text(), in.text());
            case 22 -> new EnterNamespaces(in.slot(), Namespace.ofFlags(in.i32()));
            case 23 -> new Unshare(Namespace.ofFlags(in.i32()));
            case 24 -> new SetHostname(in.text());
            case 25 -> new SetDomainname(in.text());
            case 26 -> new SetResourceLimit(in.flag(), in.i32(), in.u64(), in.u64());
            case 27 -> new FilterDevices(in.slot(), Blob.of(in.bytes()));
            case 28 -> new BoundCapabilities(in.u64());
            case 29 -> new ForbidNewPrivileges();
            case 30 -> new FilterSystemCalls(Blob.of(in.bytes()), in.slot());
            case 31 -> new SetPersonality(in.u64());
            case 42 -> new ShareCores();
            case 32 -> new NewSessionKeyring();
            case 33 -> new SetParentDeathSignal(in.i32());
            case 34 -> new OpenTerminal(in.i32(), in.place(), in.place(), in.slot());
            case 35 -> new SendNetlink(Blob.of(in.bytes()), patches(in));
            case 36 -> new RunHook(in.texts(), in.texts(), in.i32());
            case 44 -> new RunHook(in.texts(), in.texts(), in.i32(), in.slot());
            case 37 -> new Keep(in.slot());
            case 43 -> new KeepCalls(in.slot(), in.i32(), in.text());
            case 45 -> new ForwardCalls(in.slot(), in.text(), in.text());
            case 38 -> new AwaitGate();
            case 40 -> new AwaitChild();
            case 41 -> new TakeChild(in.place());
            case 39 -> new SizeTerminal(in.slot(), in.i32(), in.i32());
            case 46 -> new ShowTitle(in.text(), in.text(), in.text());
            default -> throw new InvalidPlanException("no such step: " + code);
        };
    }

    private static NewMount newMount(WireReader in) {
        Slot slot = in.slot();
        String type = in.text();
        List<String> pairs = in.texts();
        if (pairs.size() % 2 != 0) {
            throw new InvalidPlanException("mount options are not pairs");
        }
        List<FsOption> options = new ArrayList<>();
        for (int i = 0; i < pairs.size(); i += 2) {
            options.add(option(pairs.get(i), pairs.get(i + 1)));
        }
        return new NewMount(
                slot,
                type,
                options,
                MountAttribute.ofFlags(in.i32()),
                new Owner(in.u32(), in.u32()),
                in.flag());
    }

    private static FsOption option(String key, String value) {
        if (key.isEmpty()) {
            throw new InvalidPlanException("a mount option has no name");
        }
        String bare = key.substring(1);
        return switch (key.charAt(0)) {
            case '!' -> new FsOption.Flag(bare);
            case '=' -> new FsOption.Text(bare, value);
            case '#' -> {
                if (value.length() != 2 || value.charAt(0) != Tokens.SLOT_MARK) {
                    throw new InvalidPlanException("a mount option names no slot");
                }
                yield new FsOption.Descriptor(bare, Slot.of(value.charAt(1) - Tokens.SLOT_BASE));
            }
            default ->
                    throw new InvalidPlanException(
                            "no such kind of mount option: " + key.charAt(0));
        };
    }

    private static List<Patch> patches(WireReader in) {
        int count = in.count(PlanLimits.PATCHES_MAX);
        List<Patch> patches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int kind = in.u8();
            Slot slot = in.slot();
            int offset = in.i32();
            String name = in.text();
            patches.add(
                    switch (kind) {
                        case 1 -> new Patch.ChildPid(offset);
                        case 2 -> new Patch.InterfaceIndex(offset, name);
                        case 3 -> new Patch.Descriptor(offset, slot);
                        default -> throw new InvalidPlanException("no such kind of patch: " + kind);
                    });
        }
        return patches;
    }
}
