package io.atoll.lxctools;

import io.atoll.lxctools.boot.AutostartTool;
import io.atoll.lxctools.boot.CheckConfigTool;
import io.atoll.lxctools.boot.UpdateConfigTool;
import io.atoll.lxctools.command.AttachTool;
import io.atoll.lxctools.command.CgroupTool;
import io.atoll.lxctools.command.ConfigTool;
import io.atoll.lxctools.command.ConsoleTool;
import io.atoll.lxctools.command.DeviceTool;
import io.atoll.lxctools.command.ExecuteTool;
import io.atoll.lxctools.command.FreezeTool;
import io.atoll.lxctools.command.InfoTool;
import io.atoll.lxctools.command.LsTool;
import io.atoll.lxctools.command.StartTool;
import io.atoll.lxctools.command.StopTool;
import io.atoll.lxctools.command.UnfreezeTool;
import io.atoll.lxctools.command.UnshareTool;
import io.atoll.lxctools.command.UsernsexecTool;
import io.atoll.lxctools.command.WaitTool;
import io.atoll.lxctools.disk.CloneTool;
import io.atoll.lxctools.disk.CopyTool;
import io.atoll.lxctools.disk.CreateTool;
import io.atoll.lxctools.disk.DestroyTool;
import io.atoll.lxctools.disk.SnapshotTool;
import io.atoll.lxctools.disk.StartEphemeralTool;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/// The table of tools, by the name they are called by.
public final class Tools {
    private static final Map<String, Supplier<Tool>> ALL =
            new TreeMap<>(
                    Map.ofEntries(
                            Map.entry("lxc-usernsexec", UsernsexecTool::new),
                            Map.entry("lxc-unshare", UnshareTool::new),
                            Map.entry("lxc-info", InfoTool::new),
                            Map.entry("lxc-attach", AttachTool::new),
                            Map.entry("lxc-cgroup", CgroupTool::new),
                            Map.entry("lxc-config", ConfigTool::new),
                            Map.entry("lxc-console", ConsoleTool::new),
                            Map.entry("lxc-device", DeviceTool::new),
                            Map.entry("lxc-execute", ExecuteTool::new),
                            Map.entry("lxc-freeze", FreezeTool::new),
                            Map.entry("lxc-ls", LsTool::new),
                            Map.entry("lxc-start", StartTool::new),
                            Map.entry("lxc-stop", StopTool::new),
                            Map.entry("lxc-unfreeze", UnfreezeTool::new),
                            Map.entry("lxc-clone", CloneTool::new),
                            Map.entry("lxc-copy", CopyTool::new),
                            Map.entry("lxc-create", CreateTool::new),
                            Map.entry("lxc-destroy", DestroyTool::new),
                            Map.entry("lxc-snapshot", SnapshotTool::new),
                            Map.entry("lxc-start-ephemeral", StartEphemeralTool::new),
                            Map.entry("lxc-autostart", AutostartTool::new),
                            Map.entry("lxc-checkconfig", CheckConfigTool::new),
                            Map.entry("lxc-update-config", UpdateConfigTool::new),
                            Map.entry("lxc-wait", WaitTool::new)));

    private Tools() {}

    /// The tool of that name.
    public static Optional<Tool> find(String name) {
        return Optional.ofNullable(ALL.get(name)).map(Supplier::get);
    }

    /// All names, sorted.
    public static List<String> names() {
        return List.copyOf(ALL.keySet());
    }
}
