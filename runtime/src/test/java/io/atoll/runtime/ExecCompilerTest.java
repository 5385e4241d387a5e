package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.plan.ExecPlan;
import io.atoll.plan.Namespace;
import io.atoll.plan.PlanDecoder;
import io.atoll.plan.PlanEncoder;
import io.atoll.plan.PlanPrinter;
import io.atoll.plan.StartPlan;
import io.atoll.runtime.compiler.HostFacts;
import io.atoll.runtime.compiler.LinkNames;
import io.atoll.runtime.compiler.MonitorFiles;
import io.atoll.runtime.compiler.PlanCompiler;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.NamespaceKind;
import io.atoll.runtime.spec.RootfsSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Plans of commands, made from the plan of their container.
class ExecCompilerTest {
    private static StartPlan start(HostFacts.Lsm lsm) {
        HostFacts facts =
                new HostFacts(
                        new CgroupLayout(
                                List.of(
                                        new CgroupHierarchy(
                                                1, "/sys/fs/cgroup/memory", Set.of("memory"), "/"),
                                        new CgroupHierarchy(
                                                2, "/sys/fs/cgroup/unified", Set.of(), "/"))),
                        true,
                        true,
                        true,
                        false,
                        "0",
                        "0",
                        List.of(),
                        List.of(),
                        Optional.of(lsm));
        RootfsSpec root =
                new RootfsSpec.Directory(new RootfsSpec.Layer(Path.of("/r"), true), false);
        ContainerSpec spec = ContainerSpec.of("c1", root, Idmap.range(1_000_000, 65_536));
        var security = spec.security();
        return new PlanCompiler(facts, _ -> new byte[8], LinkNames.random(new Random(1)))
                .compile(
                        spec.withSecurity(
                                new io.atoll.runtime.spec.SecuritySpec(
                                        security.bounding(),
                                        true,
                                        security.seccomp(),
                                        Optional.of("lxc-default"),
                                        true)),
                        new MonitorFiles(Path.of("/run/m/c1")),
                        false);
    }

    @Test
    void cve_2015_1334_entersWhatItsContainerEntered() {
        ExecPlan plan =
                new ExecCompiler(start(HostFacts.Lsm.APPARMOR))
                        .compile(
                                ExecSpec.of(List.of("ls"), new ExecSpec.Stdio.Terminal(80, 25)),
                                true);
        String text = PlanPrinter.print(plan);
        assertEquals(text, PlanPrinter.print(PlanDecoder.decode(PlanEncoder.encode(plan))));
        assertEquals(
                Set.of(
                        Namespace.USER,
                        Namespace.MOUNT,
                        Namespace.PID,
                        Namespace.NETWORK,
                        Namespace.UTS,
                        Namespace.IPC,
                        Namespace.CGROUP),
                plan.namespaces());
        assertTrue(text.contains("write \"0\" to /sys/fs/cgroup/memory/atoll/c1/tasks"), text);
        assertTrue(text.contains("open terminal 0 by dev/pts/ptmx"), text);
        assertTrue(text.contains("exec lxc-default"), text);
        assertTrue(text.contains("filter system calls"), text);
    }

    @Test
    void aCommandMayHaveAContextOfItsOwn() {
        ExecSpec of = ExecSpec.of(List.of("ls"), new ExecSpec.Stdio.None());
        ExecSpec spec =
                new ExecSpec(
                        of.argv(),
                        of.env(),
                        of.cwd(),
                        0,
                        0,
                        List.of(),
                        of.stdio(),
                        Set.of(),
                        false,
                        true,
                        new ExecSpec.Special(
                                false, false, OptionalInt.empty(), Optional.of("a:b:c:s0")));
        String text =
                PlanPrinter.print(
                        new ExecCompiler(start(HostFacts.Lsm.SELINUX)).compile(spec, false));
        assertTrue(text.contains("write \"a:b:c:s0\" to slot 8"), text);
        assertTrue(text.contains("thread-self/attr/exec"), text);
        assertFalse(text.contains("lxc-default"), text);
    }

    @Test
    void aPrivilegedCommandKeepsItsPowers() {
        ExecSpec of = ExecSpec.of(List.of("ls"), new ExecSpec.Stdio.None());
        ExecSpec spec =
                new ExecSpec(
                        of.argv(),
                        of.env(),
                        of.cwd(),
                        0,
                        0,
                        List.of(),
                        of.stdio(),
                        Set.of(NamespaceKind.NET),
                        true,
                        true);
        ExecPlan plan = new ExecCompiler(start(HostFacts.Lsm.SELINUX)).compile(spec, false);
        assertFalse(plan.namespaces().contains(Namespace.NETWORK));
        assertFalse(PlanPrinter.print(plan).contains("filter system calls"));
        ExecPlan beside = new ExecCompiler(start(HostFacts.Lsm.APPARMOR)).compile(spec, false);
        assertFalse(PlanPrinter.print(beside).contains("lxc-default"));
    }
}
