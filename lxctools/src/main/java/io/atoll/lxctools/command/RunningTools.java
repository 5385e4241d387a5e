package io.atoll.lxctools.command;

import io.atoll.lxctools.Tool;
import java.util.Map;
import java.util.function.Supplier;

/// The tools that run, enter or show containers.
public final class RunningTools {
    /// By the name they are called by.
    public static final Map<String, Supplier<Tool>> ALL =
            Map.ofEntries(
                    Map.entry("lxc-attach", AttachTool::new),
                    Map.entry("lxc-cgroup", CgroupTool::new),
                    Map.entry("lxc-checkpoint", CheckpointTool::new),
                    Map.entry("lxc-config", ConfigTool::new),
                    Map.entry("lxc-console", ConsoleTool::new),
                    Map.entry("lxc-device", DeviceTool::new),
                    Map.entry("lxc-execute", ExecuteTool::new),
                    Map.entry("lxc-freeze", FreezeTool::new),
                    Map.entry("lxc-info", InfoTool::new),
                    Map.entry("lxc-list", ListTool::new),
                    Map.entry("lxc-ls", LsTool::new),
                    Map.entry("lxc-monitor", MonitorTool::new),
                    Map.entry("lxc-start", StartTool::new),
                    Map.entry("lxc-stop", StopTool::new),
                    Map.entry("lxc-top", TopTool::new),
                    Map.entry("lxc-unfreeze", UnfreezeTool::new),
                    Map.entry("lxc-unshare", UnshareTool::new),
                    Map.entry("lxc-usernsexec", UsernsexecTool::new),
                    Map.entry("lxc-wait", WaitTool::new));

    private RunningTools() {}
}
