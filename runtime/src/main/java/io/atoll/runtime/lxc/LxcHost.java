package io.atoll.runtime.lxc;

import io.atoll.linux.cgroup.CgroupLayout;
import io.atoll.runtime.apparmor.AppArmor;
import java.nio.file.Path;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// What compiling a configuration needs to know of the host.
interface LxcHost {
    /// True if all cgroup controllers are on version 2.
    boolean isPureV2();

    /// True if a cgroup of that path exists somewhere and holds processes.
    boolean isCgroupBusy(String path);

    /// `lxc.cgroup.pattern` of lxc.conf(5).
    Optional<String> cgroupPattern();

    /// The cgroups of whoever starts the container, as tops of their trees, if it is to stay below
    /// them: `lxc.cgroup.relative`.
    Optional<CgroupLayout> ownTrees();

    /// The host's interfaces.
    HostLinks links();

    /// The path of `ovs-vsctl`.
    Optional<String> ovs();

    /// How to ask for interfaces on the host's network; empty if we are root there and make them.
    Optional<NicGrants> nicGrants();

    /// The pid of a container's init: of one beside this by name, of another by its path, or the
    /// number itself.
    ///
    /// @throws io.atoll.base.NotFoundException if it does not run
    int initPid(String whose);

    /// The program that has the verb `init`: a small init.
    Path initProgram();

    /// Brings a root's storage into a state to start from.
    ///
    /// @param options of `lxc.rootfs.options`
    LxcRootfsMounter.Ready prepare(LxcRootfs rootfs, String options);

    /// What AppArmor the host has for profiles that we make.
    AppArmor appArmor();

    /// True if our own system calls are filtered, as in a container.
    boolean isFiltered();

    /// A directory on which a root can be mounted.
    Path rootfsMount();

    RandomGenerator random();
}
