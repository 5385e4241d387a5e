package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The devices of the PCI bus, and those of them that are graphics or network cards.
final class PciHardware {
    private static final String FOLDER = "sys/bus/pci/devices/";
    private static final String NETWORK_CLASS = "0x02";
    private static final String DISPLAY_CLASS = "0x03";

    private final SysFiles files;
    private final DeviceNames names;

    PciHardware(SysFiles files) {
        this.files = files;
        Set<String> wanted = new TreeSet<>();
        addresses()
                .forEach(
                        a -> wanted.add(id(FOLDER + a, "vendor") + ":" + id(FOLDER + a, "device")));
        this.names = new DeviceNames(files, "pci", wanted);
    }

    private List<String> addresses() {
        return files.names(FOLDER);
    }

    private String id(String device, String file) {
        String text = files.text(device + "/" + file);
        return text.startsWith("0x") ? text.substring(2) : text;
    }

    /// What all kinds of devices say of their place on the bus.
    private Json.Obj described(String address) {
        String device = FOLDER + address;
        String vendor = id(device, "vendor");
        String product = id(device, "device");
        String driver = files.link(device + "/driver");
        return Json.object()
                .put("driver", driver)
                .put("driver_version", files.driverVersion(driver))
                .put("numa_node", files.node(device))
                .put("pci_address", address)
                .put("vendor", names.vendor(vendor))
                .put("vendor_id", vendor)
                .put("product", names.product(vendor, product))
                .put("product_id", product);
    }

    Json devices() {
        Json.Arr out = Json.array();
        for (String address : addresses()) {
            String group = files.link(FOLDER + address + "/iommu_group");
            out.items()
                    .add(
                            described(address)
                                    .put(
                                            "iommu_group",
                                            group.matches("\\d{1,9}") ? Long.parseLong(group) : 0)
                                    .put("vpd", Json.object()));
        }
        return Json.object().put("devices", out).put("total", out.items().size());
    }

    private List<String> ofClass(String prefix) {
        return addresses().stream()
                .filter(a -> files.text(FOLDER + a + "/class").startsWith(prefix))
                .toList();
    }

    Json gpus() {
        Json.Arr out = Json.array();
        for (String address : ofClass(DISPLAY_CLASS)) {
            Json.Obj card = described(address);
            Json.Obj drm = drm(FOLDER + address + "/drm/");
            if (!drm.members().isEmpty()) {
                card.put("drm", drm);
            }
            virtualFunctions(FOLDER + address, card);
            out.items().add(card);
        }
        return Json.object().put("cards", out).put("total", out.items().size());
    }

    private Json.Obj drm(String folder) {
        Json.Obj out = Json.object();
        for (String name : files.names(folder)) {
            String number = files.text(folder + name + "/dev");
            if (name.matches("card\\d+")) {
                out.put("id", Long.parseLong(name.substring("card".length())))
                        .put("card_name", name)
                        .put("card_device", number);
            } else if (name.startsWith("renderD")) {
                out.put("render_name", name).put("render_device", number);
            } else if (name.startsWith("controlD")) {
                out.put("control_name", name).put("control_device", number);
            }
        }
        return out;
    }

    private void virtualFunctions(String device, Json.Obj card) {
        long max = files.number(device + "/sriov_totalvfs");
        if (max > 0) {
            card.put(
                    "sriov",
                    Json.object()
                            .put("current_vfs", files.number(device + "/sriov_numvfs"))
                            .put("maximum_vfs", max)
                            .put("vfs", Json.array()));
        }
    }

    /// Cards on the bus with their ports, and then the ports that are on no such card.
    Json networkCards() {
        Json.Arr out = Json.array();
        List<String> ports = new ArrayList<>(files.names("sys/class/net"));
        ports.removeIf(port -> !files.exists("sys/class/net/" + port + "/device"));
        for (String address : ofClass(NETWORK_CLASS)) {
            Json.Obj card = described(address);
            Json.Arr own = Json.array();
            for (String port : List.copyOf(ports)) {
                // Paravirtual cards have a bus of their own in between.
                if (files.real("sys/class/net/" + port).contains("/" + address + "/")) {
                    own.items().add(port(port));
                    ports.remove(port);
                }
            }
            if (!own.items().isEmpty()) {
                card.put("ports", own);
            }
            virtualFunctions(FOLDER + address, card);
            out.items().add(card);
        }
        for (String port : ports) {
            String driver = files.link("sys/class/net/" + port + "/device/driver");
            out.items()
                    .add(
                            Json.object()
                                    .put("driver", driver)
                                    .put("driver_version", files.driverVersion(driver))
                                    .put("ports", Json.array(List.of(port(port))))
                                    .put("numa_node", 0));
        }
        return Json.object().put("cards", out).put("total", out.items().size());
    }

    private Json port(String name) {
        String folder = "sys/class/net/" + name + "/";
        Json.Obj out =
                Json.object()
                        .put("id", name)
                        .put("address", files.text(folder + "address"))
                        .put("port", files.number(folder + "dev_port"))
                        .put(
                                "protocol",
                                files.text(folder + "type").equals("32")
                                        ? "infiniband"
                                        : "ethernet")
                        .put("auto_negotiation", false)
                        .put("link_detected", files.text(folder + "carrier").equals("1"));
        long speed = files.number(folder + "speed");
        if (speed > 0) {
            out.put("link_speed", speed).put("link_duplex", files.text(folder + "duplex"));
        }
        return out;
    }
}
