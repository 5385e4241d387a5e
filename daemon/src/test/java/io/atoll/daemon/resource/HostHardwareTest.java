package io.atoll.daemon.resource;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.atoll.base.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is made of a recorded tree of files.
final class HostHardwareTest {
    @TempDir Path root;
    private Json hardware = Json.object();

    @BeforeEach
    void record() throws IOException {
        try (InputStream in = HostHardwareTest.class.getResourceAsStream("server.txt")) {
            for (String line :
                    new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
                if (!line.startsWith("#")) {
                    make(line);
                }
            }
        }
        hardware = new HostHardware(root).json();
    }

    private void make(String line) throws IOException {
        boolean isLink = line.contains(" -> ");
        String[] parts = line.split(isLink ? " -> " : " =", 2);
        Path path = root.resolve(parts[0]);
        Path _ = Files.createDirectories(path.getParent());
        if (isLink) {
            Path _ = Files.createSymbolicLink(path, Path.of(parts[1]));
        } else {
            String text = parts[1].strip().replace("\\n", "\n").replace("\\t", "\t");
            Path _ = Files.writeString(path, text + "\n");
        }
    }

    private static void assertShows(String json, Json part) {
        assertEquals(Json.parse(json.replace('\'', '"')).render(), part.render());
    }

    @Test
    void socketsCoresAndThreads() {
        Json cpu = hardware.get("cpu");
        assertEquals(4, cpu.get("total").asLong());
        assertShows(
                "{'name':'Xeon Test','vendor':'GenuineIntel','socket':0,"
                        + "'cache':[{'level':1,'type':'Data','size':49152},"
                        + "{'level':3,'type':'Unified','size':2097152}],"
                        + "'cores':[{'core':0,'die':0,'threads':["
                        + "{'id':0,'numa_node':0,'thread':0,'online':true,'isolated':false},"
                        + "{'id':2,'numa_node':0,'thread':1,'online':false,'isolated':false}],"
                        + "'frequency':2000}],"
                        + "'frequency_minimum':800,'frequency_turbo':3500,'frequency':2000}",
                cpu.get("sockets").asList().getFirst());
        assertShows(
                "{'name':'Xeon Test','vendor':'GenuineIntel','socket':1,'cores':["
                        + "{'core':0,'die':0,'threads':["
                        + "{'id':1,'numa_node':1,'thread':0,'online':true,'isolated':false}]},"
                        + "{'core':1,'die':0,'threads':["
                        + "{'id':3,'numa_node':1,'thread':0,'online':true,'isolated':true}]}]}",
                cpu.get("sockets").asList().getLast());
    }

    @Test
    void memoryByNode() {
        assertShows(
                "{'nodes':["
                        + "{'numa_node':0,'hugepages_used':0,'hugepages_total':4194304,'used':307200,"
                        + "'total':614400},"
                        + "{'numa_node':1,'hugepages_used':2097152,'hugepages_total':4194304,"
                        + "'used':256000,'total':409600}],"
                        + "'hugepages_total':8388608,'hugepages_used':6291456,"
                        + "'hugepages_size':2097152,'used':512000,'total':1024000}",
                hardware.get("memory"));
    }

    @Test
    void graphicsCards() {
        assertShows(
                "{'cards':[{'driver':'nvidia','driver_version':'535.1','numa_node':1,"
                        + "'pci_address':'0000:00:02.0','vendor':'NVIDIA Corporation',"
                        + "'vendor_id':'10de','product':'TU104GL','product_id':'1eb8',"
                        + "'drm':{'id':0,'card_name':'card0','card_device':'226:0',"
                        + "'render_name':'renderD128','render_device':'226:128'},"
                        + "'sriov':{'current_vfs':0,'maximum_vfs':16,'vfs':[]}}],'total':1}",
                hardware.get("gpu"));
    }

    @Test
    void networkCardsWithTheirPorts() {
        assertShows(
                "{'cards':[{'driver':'ixgbe','driver_version':'6.1.0-18-amd64','numa_node':0,"
                        + "'pci_address':'0000:00:03.0','vendor':'Intel Corporation',"
                        + "'vendor_id':'8086','product':'82599ES','product_id':'10fb',"
                        + "'ports':[{'id':'eth0','address':'00:11:22:33:44:55','port':0,"
                        + "'protocol':'ethernet','auto_negotiation':false,'link_detected':true,"
                        + "'link_speed':10000,'link_duplex':'full'}]}],'total':1}",
                hardware.get("network"));
    }

    @Test
    void disksAndPartitions() {
        assertShows(
                "{'disks':[{'id':'nvme0n1','device':'259:0','type':'nvme','read_only':false,"
                        + "'size':1048576,'removable':false,'numa_node':0,'block_size':512,'rpm':0,"
                        + "'device_id':'','partitions':[{'id':'nvme0n1p1','device':'259:1',"
                        + "'read_only':false,'size':524288,'partition':1}],"
                        + "'model':'Fast Disk','serial':'S1','firmware_version':'F2',"
                        + "'pci_address':'0000:00:04.0'}],'total':1}",
                hardware.get("storage"));
    }

    @Test
    void usbAndPciDevices() {
        assertShows(
                "{'devices':[{'bus_address':1,'device_address':3,'interfaces':[{'class':'',"
                        + "'class_id':3,'driver':'usbhid','driver_version':'6.1.0-18-amd64',"
                        + "'number':0,'subclass':'','subclass_id':1}],'vendor':'Logitech, Inc.',"
                        + "'vendor_id':'046d','product':'Keyboard K120','product_id':'c31c',"
                        + "'speed':1}],'total':1}",
                hardware.get("usb"));
        Json pci = hardware.get("pci");
        assertEquals(3, pci.get("total").asLong());
        assertEquals(7, pci.get("devices").asList().getFirst().get("iommu_group").asLong());
        assertEquals("", pci.get("devices").asList().getLast().get("vendor").asString());
    }

    @Test
    void theMachine() {
        Json system = hardware.get("system");
        assertEquals("4c4c4544-0000", system.get("uuid").asString());
        assertEquals("physical", system.get("type").asString());
        assertShows(
                "{'vendor':'BIOS Inc','date':'01/02/2024','version':''}", system.get("firmware"));
        assertShows(
                "{'vendor':'','type':'Rack Mount Chassis','serial':'','version':''}",
                system.get("chassis"));
        assertEquals("Board 9", system.get("motherboard").get("product").asString());
    }

    @Test
    void aHostThatTellsNothing(@TempDir Path empty) {
        Json nothing = new HostHardware(empty).json();
        for (String part : java.util.List.of("gpu", "network", "storage", "usb", "pci", "cpu")) {
            assertEquals(0, nothing.get(part).get("total").asLong(), part);
        }
        assertEquals(0, nothing.get("memory").get("total").asLong());
        assertEquals("null", nothing.get("system").get("firmware").render());
    }
}
