package io.atoll.daemon.resource;

import io.atoll.base.json.Json;
import java.nio.file.Path;

/// The host's hardware as the kernel tells it in `/proc` and `/sys`, in the shape of LXD's API.
/// Read anew each time, since much of it comes and goes.
final class HostHardware {
    private final SysFiles files;

    /// @param root `/`, or a folder with recorded files
    HostHardware(Path root) {
        this.files = new SysFiles(root);
    }

    Json json() {
        PciHardware pci = new PciHardware(files);
        return Json.object()
                .put("cpu", new CpuHardware(files).json())
                .put("memory", new MemoryHardware(files).json())
                .put("gpu", pci.gpus())
                .put("network", pci.networkCards())
                .put("storage", new StorageHardware(files).json())
                .put("usb", new UsbHardware(files).json())
                .put("pci", pci.devices())
                .put("system", new SystemHardware(files).json());
    }
}
