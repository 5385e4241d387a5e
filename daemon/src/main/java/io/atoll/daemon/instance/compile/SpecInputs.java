package io.atoll.daemon.instance.compile;

import io.atoll.base.CpuSet;
import io.atoll.base.Idmap;
import io.atoll.daemon.device.attach.StartParts;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.spec.MountSpec;
import io.atoll.storage.NestedDirectory;
import io.atoll.storage.RootfsLayers;
import java.nio.file.Path;
import java.util.List;

/// All that a container is compiled from.
///
/// @param id of the container, unique on the host
/// @param cgroup path of its cgroups below the root of each hierarchy
/// @param architecture what its programs are made for, by the kernel's name
/// @param config expanded
/// @param cpus the processors to run on, where the configuration says how many
/// @param parts what the devices add
/// @param root layers of the root volume
/// @param nested directories that container managers inside get, where nesting is on
/// @param views files of lxcfs that stand over its own, and `/dev/lxd`
/// @param appArmor what the host has of it
/// @param profiles directory for the texts of AppArmor profiles
/// @param profile name of this one's
/// @param consoleLog file of the host for the console's output
public record SpecInputs(
        String id,
        String cgroup,
        String hostname,
        String architecture,
        InstanceConfig config,
        CpuSet cpus,
        StartParts parts,
        Idmap idmap,
        RootfsLayers root,
        List<NestedDirectory> nested,
        List<MountSpec> views,
        AppArmor appArmor,
        Path profiles,
        String profile,
        Path consoleLog) {}
