package io.atoll.lxctools;

import io.atoll.lxctools.command.ConfigTool;
import io.atoll.lxctools.command.FreezeTool;
import io.atoll.lxctools.command.UnfreezeTool;
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
                            Map.entry("lxc-config", ConfigTool::new),
                            Map.entry("lxc-freeze", FreezeTool::new),
                            Map.entry("lxc-unfreeze", UnfreezeTool::new)));

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
