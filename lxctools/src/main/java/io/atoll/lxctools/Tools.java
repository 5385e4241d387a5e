package io.atoll.lxctools;

import io.atoll.lxctools.boot.AutostartTool;
import io.atoll.lxctools.boot.CgmTool;
import io.atoll.lxctools.boot.CheckConfigTool;
import io.atoll.lxctools.boot.UpdateConfigTool;
import io.atoll.lxctools.command.RunningTools;
import io.atoll.lxctools.disk.CloneTool;
import io.atoll.lxctools.disk.CopyTool;
import io.atoll.lxctools.disk.CreateTool;
import io.atoll.lxctools.disk.DestroyTool;
import io.atoll.lxctools.disk.SnapshotTool;
import io.atoll.lxctools.disk.StartEphemeralTool;
import io.atoll.lxctools.fetch.DownloadTool;
import io.atoll.lxctools.nic.NicsTool;
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
                            Map.entry("cgm", CgmTool::new),
                            Map.entry("lxc-clone", CloneTool::new),
                            Map.entry("lxc-copy", CopyTool::new),
                            Map.entry("lxc-create", CreateTool::new),
                            Map.entry("lxc-destroy", DestroyTool::new),
                            Map.entry("lxc-nics", NicsTool::new),
                            Map.entry("lxc-snapshot", SnapshotTool::new),
                            Map.entry("lxc-start-ephemeral", StartEphemeralTool::new),
                            Map.entry("lxc-autostart", AutostartTool::new),
                            Map.entry("lxc-checkconfig", CheckConfigTool::new),
                            Map.entry("lxc-update-config", UpdateConfigTool::new),
                            Map.entry("lxc-template-download", DownloadTool::new)));

    static {
        ALL.putAll(RunningTools.ALL);
    }

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
