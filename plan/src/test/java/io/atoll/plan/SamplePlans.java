package io.atoll.plan;

import io.atoll.plan.Step.*;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Plans that use every step and every kind of part once.
final class SamplePlans {
    static final Slot ROOT = Slot.of(3);
    static final Slot FS = Slot.of(63);

    private SamplePlans() {}

    static StartPlan start() {
        return new StartPlan(
                "web",
                new MonitorOptions(
                        "/run/atoll/monitors/web/socket",
                        "/run/atoll/monitors/web/record",
                        "/run/atoll/monitors/web/exit",
                        "/var/log/web.log",
                        1 << 20,
                        65536,
                        MonitorOptions.OnReboot.REPORT,
                        true,
                        true,
                        true,
                        30_000,
                        9,
                        Slot.of(12)),
                List.of(new WriteFile(Place.slot(Slot.of(0)), "0", WriteMode.EXISTING)),
                host(),
                new CloneSpec(
                        EnumSet.of(
                                Namespace.USER, Namespace.PID, Namespace.NETWORK, Namespace.MOUNT),
                        "0 1000000 65536\n",
                        "0 1000000 65536\n",
                        Slot.of(1),
                        Slot.of(2)),
                gate(),
                child(),
                Init.asRoot(
                        List.of("/sbin/init", "--log \"x\""),
                        List.of("container=lxc", "NOTE=two words"),
                        new Stdio.Terminal(Slot.of(9))),
                List.of(
                        new RemoveTree(Place.host("/sys/fs/cgroup/pids/web"), 2000),
                        new Step.AtReboot(
                                new IfPossible(new Remove(Place.host("/run/web"), false))),
                        new RunHook(
                                List.of("/bin/post-stop"),
                                List.of("LXC_TARGET=" + Tokens.TARGET),
                                60_000)),
                List.of(new IfPossible(new Umount(Place.host("/dev/console"), true))),
                List.of(
                        new RunHook(List.of("criu", "restore"), List.of(), 60_000, Slot.of(12)),
                        new TakeChild(Place.host("/run/atoll/monitors/web/restored.pid"))));
    }

    private static List<Step> host() {
        return List.of(
                new Unshare(Set.of(Namespace.MOUNT)),
                new SetMountAttributes(
                        Place.host("/"),
                        true,
                        Set.of(),
                        Set.of(MountAttribute.NO_ATIME),
                        Propagation.PRIVATE,
                        Slot.NONE),
                new NewUserNamespace(Slot.of(4), "0 1000000 65536\n", "0 1000000 65536\n"),
                new OpenTree(Slot.of(5), Place.host("/pool/web"), true, false),
                new SetMountAttributes(
                        Place.slot(Slot.of(5)),
                        false,
                        EnumSet.of(MountAttribute.READ_ONLY, MountAttribute.NO_DEV),
                        Set.of(),
                        Propagation.UNCHANGED,
                        Slot.of(4)),
                new NewMount(
                        ROOT,
                        "overlay",
                        List.of(
                                FsOption.flag("userxattr"),
                                FsOption.descriptor("lowerdir+", Slot.of(5)),
                                FsOption.text("upperdir", Tokens.pathOf(Slot.of(5)) + "/upper")),
                        EnumSet.of(MountAttribute.NO_SUID),
                        new Owner(1_000_000, 1_000_000),
                        true),
                new AttachLoop(Slot.of(6), Place.host("/images/x.squashfs"), true, 4096, 0),
                new Mkdir(Place.in(FS, "pts"), 0755, true),
                new MakeNode(Place.in(FS, "null"), NodeType.CHARACTER, 0666, 1, 3, false),
                new MakeNode(Place.in(FS, "console"), NodeType.FILE, 0600, 0, 0, true),
                new Chown(Place.in(FS, "null"), 4_294_967_294L, 1_000_000),
                new Chmod(Place.beneath(FS, "null"), 0666),
                new Symlink("pts/ptmx", Place.in(FS, "ptmx"), true),
                new Open(Slot.of(7), Place.host("/proc"), OpenMode.DIRECTORY),
                new EnterNamespaces(Slot.of(7), EnumSet.of(Namespace.UTS, Namespace.IPC)),
                new IfPossible(new Remove(Place.host("/run/x"), false)),
                new FilterDevices(Slot.of(1), Blob.of(new byte[16])),
                new Remove(Place.host("/run/y"), true),
                new Close(Slot.of(7)));
    }

    private static List<Step> gate() {
        return List.of(
                new AwaitChild(),
                new WriteFile(Place.childProc("oom_score_adj"), "100", WriteMode.EXISTING),
                new SetResourceLimit(true, 7, 1024, -1),
                new SendNetlink(
                        Blob.of(new byte[32]),
                        List.of(
                                new Patch.ChildPid(28),
                                new Patch.InterfaceIndex(4, "atollbr0"),
                                new Patch.Descriptor(8, Slot.of(2)))),
                new RunHook(
                        List.of("/bin/hook", "x y"), List.of("LXC_PID=" + Tokens.CHILD_PID), 1000));
    }

    private static List<Step> child() {
        return List.of(
                new AttachMount(ROOT, Place.host("/run/atoll/root")),
                new Mount("/", Place.host("/"), "", 0x5000, ""),
                new Umount(Place.in(ROOT, "proc"), true),
                new Chroot(Place.slot(ROOT)),
                new Chdir(Place.slot(ROOT)),
                new OpenTerminal(
                        0,
                        Place.in(ROOT, "dev/pts/ptmx"),
                        Place.in(ROOT, "dev/console"),
                        Slot.of(9)),
                new OpenTerminal(1, Place.in(ROOT, "dev/pts/ptmx"), Place.NONE, Slot.of(10)),
                new SizeTerminal(Slot.of(10), 132, 50),
                new PivotRoot(ROOT),
                new WriteFile(Place.in(FS, "boot_id"), Tokens.UUID + "\n", WriteMode.REPLACE),
                new AwaitGate(),
                new SetHostname("web"),
                new SetDomainname("example.org"),
                new SetPersonality(8),
                new ShareCores(),
                new NewSessionKeyring(),
                new BoundCapabilities(0x1f_ffff_ffffL),
                new ForbidNewPrivileges(),
                new FilterSystemCalls(Blob.of(new byte[16]), Slot.of(11)),
                new Keep(Slot.of(11)),
                new Step.KeepCalls(Slot.of(11), 30_000, "/run/atoll/monitors/web/calls"),
                new Step.ForwardCalls(Slot.of(11), "/run/proxy", "web"),
                new Step.ShowTitle("lxc-start", "lxc monitor", "/var/lib/lxc web"),
                new SetParentDeathSignal(9));
    }

    static ExecPlan exec() {
        return new ExecPlan(
                "web",
                Slot.of(0),
                EnumSet.of(Namespace.USER, Namespace.MOUNT, Namespace.CGROUP),
                Slot.of(1),
                true,
                List.of(new WriteFile(Place.slot(Slot.of(2)), "0", WriteMode.EXISTING)),
                List.of(new BoundCapabilities(1)),
                new Init(
                        List.of("sh", "-c", "true"),
                        List.of("PATH=/bin"),
                        "/root",
                        1000,
                        1000,
                        List.of(4L, 27L),
                        022,
                        false,
                        new Stdio.Descriptors(Slot.of(5), Slot.NONE, Slot.of(6))));
    }
}
