package io.atoll.runtime.spec;

import io.atoll.base.Idmap;
import io.atoll.base.InvalidConfigException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// A container, complete: what is not here has a default that is the same on every host.
///
/// @param id unique among the containers of one runtime directory, 1 to 128 of `A-Za-z0-9._-`, not
///   starting with a dot; names the monitor
/// @param hostname inside
/// @param idmap empty for a privileged container
/// @param mounts in order, after those of `autoMounts`
/// @param isRebooted true if the monitor itself starts the container again when it reboots from
///   inside; false ends it and leaves the restart to whoever watches
public record ContainerSpec(
        String id,
        String hostname,
        RootfsSpec rootfs,
        Idmap idmap,
        NamespaceSpec namespaces,
        AutoMounts autoMounts,
        List<MountSpec> mounts,
        DeviceSpec devices,
        NetworkSpec network,
        CgroupSpec cgroup,
        LimitsSpec limits,
        SecuritySpec security,
        ProcessSpec process,
        InitSpec init,
        SignalSpec signals,
        List<HookSpec> hooks,
        ConsoleSpec console,
        boolean isRebooted) {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}");

    /// The kernel's limit of a host name; uname(2).
    private static final int HOSTNAME_MAX = 64;

    public ContainerSpec {
        mounts = List.copyOf(mounts);
        hooks = List.copyOf(hooks);
        if (!ID.matcher(id).matches()) {
            throw new InvalidConfigException("not an id of a container: " + id);
        }
        if (hostname.isEmpty() || hostname.length() > HOSTNAME_MAX) {
            throw new InvalidConfigException(
                    "host name is not of 1 to " + HOSTNAME_MAX + " characters: " + hostname);
        }
    }

    /// A system container with every default: its own namespaces, protected mounts, no NIC, no
    /// limit, `/sbin/init`.
    public static ContainerSpec of(String id, RootfsSpec rootfs, Idmap idmap) {
        return new ContainerSpec(
                id,
                id,
                rootfs,
                idmap,
                NamespaceSpec.DEFAULT,
                AutoMounts.DEFAULT,
                List.of(),
                DeviceSpec.DEFAULT,
                NetworkSpec.EMPTY,
                new CgroupSpec("atoll/" + id, true),
                LimitsSpec.NONE,
                idmap.isPrivileged() ? SecuritySpec.PRIVILEGED : SecuritySpec.UNPRIVILEGED,
                ProcessSpec.DEFAULT,
                InitSpec.DEFAULT,
                SignalSpec.DEFAULT,
                List.of(),
                ConsoleSpec.DEFAULT,
                false);
    }

    public ContainerSpec withHostname(String value) {
        return new ContainerSpec(
                id,
                value,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withNamespaces(NamespaceSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                value,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withAutoMounts(AutoMounts value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                value,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withMounts(List<MountSpec> value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                value,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withDevices(DeviceSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                value,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withNetwork(NetworkSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                value,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withCgroup(CgroupSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                value,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withLimits(LimitsSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                value,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withSecurity(SecuritySpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                value,
                process,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withProcess(ProcessSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                value,
                init,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withInit(InitSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                value,
                signals,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withSignals(SignalSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                value,
                hooks,
                console,
                isRebooted);
    }

    public ContainerSpec withHooks(List<HookSpec> value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                value,
                console,
                isRebooted);
    }

    public ContainerSpec withConsole(ConsoleSpec value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                value,
                isRebooted);
    }

    public ContainerSpec withReboot(boolean value) {
        return new ContainerSpec(
                id,
                hostname,
                rootfs,
                idmap,
                namespaces,
                autoMounts,
                mounts,
                devices,
                network,
                cgroup,
                limits,
                security,
                process,
                init,
                signals,
                hooks,
                console,
                value);
    }

    /// A copy with one more mount at the end.
    public ContainerSpec plusMount(MountSpec mount) {
        List<MountSpec> all = new ArrayList<>(mounts);
        all.add(mount);
        return withMounts(all);
    }
}
