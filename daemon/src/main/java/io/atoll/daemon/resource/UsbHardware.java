package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The devices of the USB buses, without the hubs that are the buses themselves.
final class UsbHardware {
    private static final String FOLDER = "sys/bus/usb/devices/";

    private final SysFiles files;

    UsbHardware(SysFiles files) {
        this.files = files;
    }

    Json json() {
        List<String> devices =
                files.names(FOLDER).stream().filter(n -> n.matches("\\d+-[0-9.]+")).toList();
        Set<String> wanted = new TreeSet<>();
        devices.forEach(d -> wanted.add(text(d, "idVendor") + ":" + text(d, "idProduct")));
        DeviceNames names = new DeviceNames(files, "usb", wanted);
        return Json.object()
                .put("devices", Json.array(devices.stream().map(d -> device(d, names)).toList()))
                .put("total", devices.size());
    }

    private String text(String device, String file) {
        return files.text(FOLDER + device + "/" + file);
    }

    private Json device(String name, DeviceNames names) {
        Json.Arr interfaces = Json.array();
        for (String part : files.names(FOLDER)) {
            if (part.startsWith(name + ":")) {
                interfaces.items().add(part(part));
            }
        }
        String vendor = text(name, "idVendor");
        String product = text(name, "idProduct");
        String speed = text(name, "speed").replaceAll("\\..*", "");
        return Json.object()
                .put("bus_address", files.number(FOLDER + name + "/busnum"))
                .put("device_address", files.number(FOLDER + name + "/devnum"))
                .put("interfaces", interfaces)
                .put("vendor", orElse(names.vendor(vendor), text(name, "manufacturer")))
                .put("vendor_id", vendor)
                .put("product", orElse(names.product(vendor, product), text(name, "product")))
                .put("product_id", product)
                .put("speed", speed.matches("\\d{1,9}") ? Long.parseLong(speed) : 0);
    }

    private static String orElse(String first, String second) {
        return first.isEmpty() ? second : first;
    }

    private Json part(String name) {
        String driver = files.link(FOLDER + name + "/driver");
        return Json.object()
                .put("class", "")
                .put("class_id", hex(text(name, "bInterfaceClass")))
                .put("driver", driver)
                .put("driver_version", files.driverVersion(driver))
                .put("number", hex(text(name, "bInterfaceNumber")))
                .put("subclass", "")
                .put("subclass_id", hex(text(name, "bInterfaceSubClass")));
    }

    private static long hex(String text) {
        return text.matches("[0-9a-fA-F]{1,8}") ? Long.parseLong(text, 16) : 0;
    }
}
