package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The host's disks and their partitions.
final class StorageHardware {
    private static final int SECTOR_BYTES = 512;
    private static final String FOLDER = "sys/class/block/";
    private static final Pattern PCI =
            Pattern.compile("[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-9a-f]");
    private static final Pattern USB = Pattern.compile("/(\\d+-[0-9.]+)/");

    private final SysFiles files;

    StorageHardware(SysFiles files) {
        this.files = files;
    }

    Json json() {
        Json.Arr disks = Json.array();
        for (String name : files.names(FOLDER)) {
            if (files.exists(FOLDER + name + "/device")) {
                disks.items().add(disk(name));
            }
        }
        return Json.object().put("disks", disks).put("total", disks.items().size());
    }

    private Json disk(String name) {
        String folder = FOLDER + name + "/";
        String place = files.real(FOLDER + name);
        Json.Obj out =
                Json.object()
                        .put("id", name)
                        .put("device", files.text(folder + "dev"))
                        .put("type", type(name, place))
                        .put("read_only", files.number(folder + "ro") == 1)
                        .put("size", files.number(folder + "size") * SECTOR_BYTES)
                        .put("removable", files.number(folder + "removable") == 1)
                        .put("numa_node", files.node(folder + "device"))
                        .put("block_size", files.number(folder + "queue/physical_block_size"))
                        .put("rpm", files.number(folder + "queue/rotational"))
                        .put("device_id", "")
                        .put("partitions", partitions(name));
        said(out, "model", folder + "device/model");
        said(out, "serial", folder + "device/serial");
        said(out, "wwn", folder + "device/wwid");
        said(out, "firmware_version", folder + "device/firmware_rev");
        Matcher pci = PCI.matcher(place);
        // Of bridges on the way the last one is the card.
        pci.results().reduce((_, last) -> last).ifPresent(r -> out.put("pci_address", r.group()));
        Matcher usb = USB.matcher(place);
        if (usb.find()) {
            String device = "sys/bus/usb/devices/" + usb.group(1) + "/";
            out.put(
                    "usb_address",
                    files.text(device + "busnum") + ":" + files.text(device + "devnum"));
        }
        return out;
    }

    private void said(Json.Obj out, String member, String file) {
        String text = files.text(file);
        if (!text.isEmpty()) {
            out.put(member, text);
        }
    }

    private String type(String name, String place) {
        if (name.startsWith("nvme")) {
            return "nvme";
        }
        if (place.contains("/usb")) {
            return "usb";
        }
        if (place.contains("/virtio")) {
            return "virtio";
        }
        if (place.contains("/ata")) {
            return "sata";
        }
        return files.link(FOLDER + name + "/device/subsystem");
    }

    private Json partitions(String disk) {
        Json.Arr out = Json.array();
        for (String name : files.names(FOLDER + disk)) {
            String folder = FOLDER + disk + "/" + name + "/";
            if (files.exists(folder + "partition")) {
                out.items()
                        .add(
                                Json.object()
                                        .put("id", name)
                                        .put("device", files.text(folder + "dev"))
                                        .put("read_only", files.number(folder + "ro") == 1)
                                        .put("size", files.number(folder + "size") * SECTOR_BYTES)
                                        .put("partition", files.number(folder + "partition")));
            }
        }
        return out;
    }
}
