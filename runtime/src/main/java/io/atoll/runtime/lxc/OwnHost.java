package io.atoll.runtime.lxc;

import io.atoll.base.NotFoundException;
import io.atoll.linux.KernelRandom;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.cgroup.CgroupHierarchy;
import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.Container;
import io.atoll.runtime.RuntimePaths;
import io.atoll.runtime.apparmor.AppArmor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// The host that we run on.
final class OwnHost implements LxcHost {
    private final LxcContainer container;
    private final LxcStart request;
    private final Optional<CgroupLayout> ownTrees;
    private final CgroupLayout cgroups;

    OwnHost(LxcContainer container, LxcStart request) {
        this.container = container;
        this.request = request;
        ownTrees =
                container
                        .config()
                        .find("lxc.cgroup.relative")
                        .filter("1"::equals)
                        .map(_ -> CgroupLayout.below(request.caller()));
        cgroups = ownTrees.orElseGet(() -> container.path().containers().cgroups());
    }

    @Override
    public Optional<CgroupLayout> ownTrees() {
        return ownTrees;
    }

    /// The trees that the container's cgroups are made in.
    CgroupLayout cgroups() {
        return cgroups;
    }

    @Override
    public boolean isPureV2() {
        return cgroups.kind() == CgroupLayout.Kind.V2;
    }

    @Override
    public boolean isCgroupBusy(String path) {
        for (CgroupHierarchy hierarchy : cgroups.hierarchies()) {
            CgroupFiles files = new CgroupFiles(hierarchy.directory(path));
            if (files.exists() && holdsProcesses(files)) {
                return true;
            }
        }
        return false;
    }

    private static boolean holdsProcesses(CgroupFiles files) {
        return !files.processes().isEmpty()
                || files.children().stream().anyMatch(OwnHost::holdsProcesses);
    }

    @Override
    public Optional<String> cgroupPattern() {
        return container.path().system().find("lxc.cgroup.pattern");
    }

    @Override
    public HostLinks links() {
        return HostLinks.read();
    }

    @Override
    public Optional<String> ovs() {
        String path = request.env().getOrDefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        for (String directory : path.split(":")) {
            Path program = Path.of(directory, "ovs-vsctl");
            // A look for what is missing throws nothing, other than the question of rights.
            boolean isThere = program.isAbsolute() && Files.exists(program);
            if (isThere && Files.isExecutable(program)) {
                return Optional.of(program.toString());
            }
        }
        return Optional.empty();
    }

    @Override
    public Optional<NicGrants> nicGrants() {
        if (container.path().system().isRoot()) {
            return Optional.empty();
        }
        String socket = request.env().getOrDefault("ATOLL_NICS_SOCKET", "");
        return Optional.of(
                new NicGrants(
                        initProgram().resolveSibling("lxc-user-nic"),
                        socket.isEmpty() ? Map.of() : Map.of("ATOLL_NICS_SOCKET", socket),
                        container.path().directory(),
                        container.name()));
    }

    @Override
    public int initPid(String whose) {
        if (whose.matches("\\d{1,9}")) {
            int pid = Integer.parseInt(whose);
            if (!Files.exists(Path.of("/proc", whose))) {
                throw new NotFoundException(
                        "cannot share a namespace with process " + whose + ": it does not exist");
            }
            return pid;
        }
        if (!whose.startsWith("/")) {
            return running(container.path().container(whose));
        }
        Path other = Path.of(whose);
        try (LxcPath path =
                LxcPath.open(
                        Optional.ofNullable(other.getParent()).orElse(Path.of("/")),
                        container.path().system())) {
            return running(path.container(other.getFileName().toString()));
        }
    }

    private static int running(LxcContainer other) {
        return other.running()
                .map(Container::initPid)
                .orElseThrow(() ->
                        new NotFoundException(
                                "cannot share a namespace with "
                                        + other.name()
                                        + ": it is not running"));
    }

    @Override
    public Path initProgram() {
        return RuntimePaths.under(container.path().runDirectory()).shim();
    }

    @Override
    public LxcRootfsMounter.Ready prepare(LxcRootfs rootfs, String options) {
        return new LxcRootfsMounter(container.path().images()).prepare(rootfs, options);
    }

    @Override
    public AppArmor appArmor() {
        return container.path().system().isRoot() ? AppArmor.probe() : AppArmor.NONE;
    }

    @Override
    public boolean isFiltered() {
        return ProcFiles.readIfPresent("/proc/self/status").stream()
                .flatMap(String::lines)
                .anyMatch(line -> line.startsWith("Seccomp:") && !line.endsWith("\t0"));
    }

    @Override
    public Path rootfsMount() {
        return container.rootfsMount();
    }

    @Override
    public RandomGenerator random() {
        return new KernelRandom();
    }
}
