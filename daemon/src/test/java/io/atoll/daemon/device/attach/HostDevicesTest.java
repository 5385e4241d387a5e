package io.atoll.daemon.device.attach;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.daemon.device.DeviceConfig.Wanted;
import io.atoll.runtime.spec.DeviceNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Devices of a host that exists as files only: one USB stick that is a disk, one serial adapter,
/// two graphics cards.
class HostDevicesTest {
    @TempDir private Path root;

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text + "\n");
    }

    private void link(String path, String target) throws IOException {
        Path link = root.resolve(path);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, root.resolve(target));
    }

    private void usb(String name, String vendor, String product, int number) throws IOException {
        String device = "sys/devices/pci0/usb1/" + name;
        file(device + "/idVendor", vendor);
        file(device + "/idProduct", product);
        file(device + "/busnum", "1");
        file(device + "/devnum", Integer.toString(number));
        file(device + "/dev", "189:" + number);
        file(device + "/uevent", "DEVTYPE=usb_device\nDEVNAME=bus/usb/001/00" + number);
        link("sys/bus/usb/devices/" + name, device);
        link("sys/dev/char/189:" + number, device);
    }

    private void host() throws IOException {
        usb("1-1", "0951", "1666", 3);
        usb("1-2", "0403", "6001", 4);
        // An interface of a device has no numbers of its own.
        file("sys/devices/pci0/usb1/1-1/1-1:1.0/bInterfaceClass", "08");
        link("sys/bus/usb/devices/1-1:1.0", "sys/devices/pci0/usb1/1-1/1-1:1.0");
        String disk = "sys/devices/pci0/usb1/1-1/1-1:1.0/host0/block/sdb";
        file(disk + "/uevent", "MAJOR=8\nMINOR=16\nDEVNAME=sdb\nDEVTYPE=disk");
        file(disk + "/dev", "8:16");
        link("sys/dev/block/8:16", disk);
        String line = "sys/devices/pci0/usb1/1-2/1-2:1.0/ttyUSB0/tty/ttyUSB0";
        file(line + "/uevent", "DEVNAME=ttyUSB0");
        file(line + "/dev", "188:0");
        link("sys/dev/char/188:0", line);
        file("sys/devices/virtual/mem/null/uevent", "DEVNAME=null");
        file("sys/devices/virtual/mem/null/dev", "1:3");
        link("sys/dev/char/1:3", "sys/devices/virtual/mem/null");
        card(0, "0000:00:02.0", "0x8086", "0x3e92");
        card(1, "0000:01:00.0", "0x1002", "0x67df");
    }

    private void card(int number, String pci, String vendor, String product) throws IOException {
        String device = "sys/devices/pci0/" + pci;
        file(device + "/vendor", vendor);
        file(device + "/device", product);
        for (String name : List.of("card" + number, "renderD" + (128 + number))) {
            int minor = name.startsWith("card") ? number : 128 + number;
            file(device + "/drm/" + name + "/dev", "226:" + minor);
            link(device + "/drm/" + name + "/device", device);
            link("sys/class/drm/" + name, device + "/drm/" + name);
        }
        file("sys/class/drm/version", "drm 1.1.0");
    }

    private List<String> paths(Wanted wanted) {
        return new HostDevices(root).find(wanted).stream().map(HostDevices.Node::path).toList();
    }

    private static Optional<String> some(String text) {
        return Optional.of(text);
    }

    private static Optional<String> any() {
        return Optional.empty();
    }

    @Test
    void nodesOfAnInfinibandCardAreFoundByItsInterface() throws IOException {
        String card = "sys/devices/pci0/0000:05:00.0";
        file(card + "/infiniband_verbs/uverbs1/dev", "231:193");
        file(card + "/infiniband_mad/umad1/dev", "231:1");
        file(card + "/infiniband_mad/issm1/dev", "231:65");
        file(card + "/infiniband_mad/abi_version", "5");
        link("sys/class/net/ib1/device", card);
        file("sys/class/net/eth0/device/vendor", "0x8086");
        assertEquals(
                List.of(
                        "/dev/infiniband/uverbs1",
                        "/dev/infiniband/issm1",
                        "/dev/infiniband/umad1"),
                paths(new Wanted.Verbs("ib1")));
        assertEquals(List.of(), paths(new Wanted.Verbs("eth0")));
        assertEquals(List.of(), paths(new Wanted.Verbs("nosuch")));
    }

    @Test
    void aHostWithoutAnyHasNone() {
        assertEquals(List.of(), paths(new Wanted.Usb(any(), any())));
        assertEquals(List.of(), paths(new Wanted.Hotplug(some("0951"), any())));
        assertEquals(List.of(), paths(new Wanted.Gpu(any(), any(), any(), any())));
    }

    @Test
    void usbDevicesAreFoundByTheirNumbers() throws IOException {
        host();
        assertEquals(
                List.of("/dev/bus/usb/001/003", "/dev/bus/usb/001/004"),
                paths(new Wanted.Usb(any(), any())));
        assertEquals(
                List.of(
                        new HostDevices.Node(
                                "/dev/bus/usb/001/004", DeviceNode.Type.CHAR, 189, 4, 0660)),
                new HostDevices(root).find(new Wanted.Usb(some("0403"), some("6001"))));
        assertEquals(List.of(), paths(new Wanted.Usb(some("0403"), some("1666"))));
    }

    @Test
    void whatIsBehindThemIsFoundWithoutThem() throws IOException {
        host();
        assertEquals(
                List.of(new HostDevices.Node("/dev/sdb", DeviceNode.Type.BLOCK, 8, 16, 0660)),
                new HostDevices(root).find(new Wanted.Hotplug(some("0951"), any())));
        assertEquals(List.of("/dev/ttyUSB0"), paths(new Wanted.Hotplug(any(), some("6001"))));
        assertEquals(List.of(), paths(new Wanted.Hotplug(some("0951"), some("6001"))));
    }

    @Test
    void cardsAreFoundByAllTheyAre() throws IOException {
        host();
        assertEquals(4, paths(new Wanted.Gpu(any(), any(), any(), any())).size());
        List<String> second = List.of("/dev/dri/card1", "/dev/dri/renderD129");
        assertEquals(second, paths(new Wanted.Gpu(any(), any(), some("1"), any())));
        assertEquals(second, paths(new Wanted.Gpu(some("1002"), some("67DF"), any(), any())));
        assertEquals(second, paths(new Wanted.Gpu(any(), any(), any(), some("0000:01:00.0"))));
        assertEquals(List.of(), paths(new Wanted.Gpu(any(), any(), some("7"), any())));
    }
}
