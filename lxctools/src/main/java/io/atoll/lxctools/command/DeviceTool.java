package io.atoll.lxctools.command;

import io.atoll.linux.net.Netlink;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;
import java.nio.file.Path;
import java.util.List;

/// `lxc-device`: gives a running container a device or an interface of the host's, or takes it
/// back.
public final class DeviceTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "-n NAME add|del DEVICE [NAME-INSIDE]",
                        "Adds a device node or a network interface to a running container, or"
                                + " takes it away.")
                .named(ToolSpec.Name.ONLY_OPTION);
    }

    @Override
    public int run(Call call) {
        List<String> words = call.words();
        if (words.size() < 2) {
            throw new ToolException("Either command or device is missing: add|del DEVICE");
        }
        String device = words.get(1);
        String other = words.size() > 2 ? words.get(2) : device;
        LxcContainer container = call.container();
        if (!container.isRunning()) {
            throw new ToolException("Container " + call.name() + " is not running");
        }
        switch (words.getFirst()) {
            case "add" -> add(container, device, other);
            case "del" -> delete(container, device, other);
            default ->
                    throw new ToolException(
                            "no such command: " + words.getFirst() + "; expected add or del");
        }
        return 0;
    }

    private static void add(LxcContainer container, String device, String inside) {
        if (isPath(device)) {
            container.addDeviceNode(Path.of(device), inside);
        } else {
            container.attachInterface(device, inside);
        }
    }

    /// The device is named as it is inside.
    private static void delete(LxcContainer container, String device, String outside) {
        if (isPath(device)) {
            container.removeDeviceNode(Path.of(outside), device);
        } else {
            refuseTaken(outside);
            container.detachInterface(device, outside);
        }
    }

    private static void refuseTaken(String name) {
        try (Netlink netlink = Netlink.open()) {
            if (netlink.link(name).isPresent()) {
                throw new ToolException("the host has an interface " + name + " already");
            }
        }
    }

    /// No interface has a slash in its name.
    private static boolean isPath(String device) {
        return device.startsWith("/");
    }
}
