package io.atoll.lxcfs.view;

import io.atoll.base.CpuSet;

/// The processors a container sees.
///
/// @param cpus physical numbers
/// @param isRenumbered true when they are counted from 0 everywhere because a CFS quota cuts their
///   number (`lxcfs --enable-cfs`); otherwise only /proc/cpuinfo counts from 0, as upstream's does
public record CpuView(CpuSet cpus, boolean isRenumbered) {
    /// Cuts a cpuset down to what a CFS quota allows: its quota in whole processors, rounded up, at
    /// least one.
    ///
    /// @param quota processors allowed by quota/period; 0 or less means no quota
    public static CpuView ofQuota(CpuSet cpuset, double quota) {
        if (quota <= 0) {
            return new CpuView(cpuset, true);
        }
        int count = (int) Math.max(1, Math.ceil(quota));
        return new CpuView(cpuset.lowest(count), true);
    }

    /// The content of /sys/devices/system/cpu/online, newline included.
    public String renderOnline() {
        CpuSet shown = isRenumbered ? CpuSet.first(cpus.count()) : cpus;
        return shown.render() + "\n";
    }
}
