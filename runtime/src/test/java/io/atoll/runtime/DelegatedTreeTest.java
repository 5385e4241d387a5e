package io.atoll.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.Idmap;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.plan.Blob;
import io.atoll.plan.StartPlan;
import io.atoll.runtime.compiler.HostFacts;
import io.atoll.runtime.compiler.LinkNames;
import io.atoll.runtime.compiler.MonitorFiles;
import io.atoll.runtime.compiler.PlanCompiler;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.RootfsSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a scope as a user's systemd makes it, recorded as ordinary files, and on the kernel's own.
class DelegatedTreeTest {
    @TempDir private Path root;

    private CgroupHierarchy scope(String controllers, String passedOn, String processes)
            throws IOException {
        Files.writeString(root.resolve("cgroup.controllers"), controllers);
        Files.writeString(root.resolve("cgroup.subtree_control"), passedOn);
        Files.writeString(root.resolve("cgroup.procs"), processes);
        Files.createDirectories(root.resolve(CgroupLayout.COMMANDS));
        Files.writeString(root.resolve(CgroupLayout.COMMANDS + "/cgroup.procs"), "");
        return new CgroupHierarchy(2, root.toString(), Set.of("memory", "pids"), "/");
    }

    private String leaf() throws IOException {
        return Files.readString(root.resolve(CgroupLayout.COMMANDS + "/cgroup.procs"));
    }

    @Test
    void movesTheUsersProcessesIntoTheLeaf() throws IOException {
        DelegatedTree.passOn(scope("cpu memory pids\n", "\n", "4711\n"));
        assertEquals("4711", leaf());
    }

    @Test
    void leavesATreeAloneThatPassesControllersOnAlready() throws IOException {
        DelegatedTree.passOn(scope("memory pids\n", "memory pids\n", ""));
        assertEquals("", leaf());
    }

    @Test
    void leavesATreeAloneThatHasNoControllers() throws IOException {
        DelegatedTree.passOn(scope("\n", "\n", "4711\n"));
        assertEquals("", leaf());
    }

    @Test
    void theRecordKeepsTheTreesThatAPlainUserStartedFrom() throws IOException {
        Path run = Files.createDirectories(root.resolve("run"));
        CgroupLayout trees =
                new CgroupLayout(
                        List.of(
                                new CgroupHierarchy(2, "/c/a scope", Set.of("memory", "pids"), "/"),
                                new CgroupHierarchy(1, "/c/named", Set.of("name=x"), "/"),
                                new CgroupHierarchy(2, "/c/none", Set.of(), "/")));
        HostFacts facts =
                new HostFacts(
                        trees,
                        true,
                        false,
                        false,
                        false,
                        "0",
                        "0",
                        List.of(),
                        List.of(),
                        Optional.empty());
        RootfsSpec rootfs =
                new RootfsSpec.Directory(new RootfsSpec.Layer(Path.of("/r"), false), false);
        ContainerSpec spec = ContainerSpec.of("c1", rootfs, Idmap.range(1_000_000, 65_536));
        MonitorFiles files = new MonitorFiles(run.resolve("c1"));
        StartPlan plan =
                new PlanCompiler(facts, _ -> new byte[8], LinkNames.random(new Random(1)))
                        .compile(spec, files, false);
        for (Optional<CgroupLayout> given :
                List.of(Optional.of(trees), Optional.<CgroupLayout>empty())) {
            MonitorRecord record = MonitorRecord.of(spec, plan, given, false);
            record.makeDirectory(files);
            record.write(files, Blob.of(plan));
            assertEquals(given, MonitorRecord.read(files).orElseThrow().trees());
        }
    }

    @Test
    @Tag("privileged")
    void theKernelThenPassesControllersOn() throws IOException {
        Optional<CgroupHierarchy> unified = CgroupLayout.detect().unified();
        Assumptions.assumeTrue(unified.isPresent(), "no cgroup2 file system");
        CgroupFiles top = new CgroupFiles(unified.get().directory("atoll-lxc-" + self()));
        Assumptions.assumeFalse(
                new CgroupFiles(unified.get().directory("/"))
                        .read("cgroup.subtree_control")
                        .orElse("")
                        .isBlank(),
                "no controller is on version 2");
        Files.createDirectory(Path.of(top.directory()));
        try (Commands.Held held =
                Commands.hold(Command.of("sh", "-c", "echo ready; exec sleep 60"))) {
            top.write("cgroup.procs", Integer.toString(held.pid()));
            CgroupHierarchy tree = new CgroupHierarchy(2, top.directory(), Set.of("hugetlb"), "/");
            assertFalse(top.processes().isEmpty());
            DelegatedTree.passOn(tree);
            assertEquals(List.of(), top.processes());
            String controller = top.read("cgroup.controllers").orElse("").strip().split(" ")[0];
            top.write("cgroup.subtree_control", "+" + controller);
            CgroupFiles leaf = new CgroupFiles(tree.directory(CgroupLayout.COMMANDS));
            assertEquals(List.of(held.pid()), leaf.processes());
            assertTrue(leaf.read("cgroup.controllers").orElse("").contains(controller));
            new CgroupFiles(unified.get().directory("/"))
                    .write("cgroup.procs", Integer.toString(held.pid()));
        } finally {
            top.delete();
        }
    }

    private static long self() {
        return ProcessHandle.current().pid();
    }
}
