package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.util.Locale;

/// The machine as its firmware describes it.
final class SystemHardware {
    private static final String DMI = "sys/class/dmi/id/";

    /// Numbers of the SMBIOS specification for what lies flat, in order from 1.
    private static final String[] CHASSIS = {
        "Other",
        "Unknown",
        "Desktop",
        "Low Profile Desktop",
        "Pizza Box",
        "Mini Tower",
        "Tower",
        "Portable",
        "Laptop",
        "Notebook",
        "Hand Held",
        "Docking Station",
        "All in One",
        "Sub Notebook",
        "Space-saving",
        "Lunch Box",
        "Main Server Chassis",
        "Expansion Chassis",
        "SubChassis",
        "Bus Expansion Chassis",
        "Peripheral Chassis",
        "RAID Chassis",
        "Rack Mount Chassis",
        "Sealed-case PC",
        "Multi-system chassis",
        "Compact PCI",
        "Advanced TCA",
        "Blade",
        "Blade Enclosure",
        "Tablet",
        "Convertible",
        "Detachable",
        "IoT Gateway",
        "Embedded PC",
        "Mini PC",
        "Stick PC"
    };

    private final SysFiles files;

    SystemHardware(SysFiles files) {
        this.files = files;
    }

    private String text(String name) {
        return files.text(DMI + name);
    }

    Json json() {
        boolean isDescribed = files.exists(DMI);
        return Json.object()
                .put("uuid", text("product_uuid").toLowerCase(Locale.ROOT))
                .put("vendor", text("sys_vendor"))
                .put("product", text("product_name"))
                .put("family", text("product_family"))
                .put("version", text("product_version"))
                .put("sku", text("product_sku"))
                .put("serial", text("product_serial"))
                .put("type", type())
                .put("firmware", isDescribed ? firmware() : Json.Null.NULL)
                .put("chassis", isDescribed ? chassis() : Json.Null.NULL)
                .put("motherboard", isDescribed ? motherboard() : Json.Null.NULL);
    }

    /// The processor says whether there is another system below.
    private String type() {
        if (files.exists("run/host/container-manager")
                || files.text("run/systemd/container").length() > 0) {
            return "container";
        }
        String flags = " " + files.fields("proc/cpuinfo").getOrDefault("flags", "") + " ";
        return flags.contains(" hypervisor ") ? "virtual-machine" : "physical";
    }

    private Json firmware() {
        return Json.object()
                .put("vendor", text("bios_vendor"))
                .put("date", text("bios_date"))
                .put("version", text("bios_version"));
    }

    private Json chassis() {
        long type = files.number(DMI + "chassis_type");
        return Json.object()
                .put("vendor", text("chassis_vendor"))
                .put("type", type > 0 && type <= CHASSIS.length ? CHASSIS[(int) type - 1] : "")
                .put("serial", text("chassis_serial"))
                .put("version", text("chassis_version"));
    }

    private Json motherboard() {
        return Json.object()
                .put("vendor", text("board_vendor"))
                .put("product", text("board_name"))
                .put("serial", text("board_serial"))
                .put("version", text("board_version"));
    }
}
