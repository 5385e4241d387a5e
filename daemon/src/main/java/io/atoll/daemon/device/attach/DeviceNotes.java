package io.atoll.daemon.device.attach;

import io.atoll.base.InternalException;
import io.atoll.linux.WholeFile;
import io.atoll.runtime.spec.DeviceNode;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.DeviceSpec;
import io.atoll.runtime.spec.GuestPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Which device nodes a running instance has from its devices: a file for each device, so that what
/// was given can be taken back even if the host's nodes have other numbers by then.
record DeviceNotes(Path root, String instance) {
    private Path directory() {
        return root.resolve(instance);
    }

    private Path file(String device) {
        return directory().resolve(device);
    }

    /// Writes down the nodes of a device, in place of what was written before.
    void write(String device, List<DeviceNode> nodes) {
        StringBuilder text = new StringBuilder();
        for (DeviceNode node : nodes) {
            text.append(node.type().letter()).append(node.access()).append(' ');
            text.append(node.major()).append(' ');
            text.append(node.minor()).append(' ').append(node.path()).append('\n');
        }
        try {
            Files.createDirectories(
                    directory(),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            WholeFile.write(file(device), text.toString());
        } catch (IOException e) {
            throw new InternalException("Failed to note the nodes of device \"" + device + "\"", e);
        }
    }

    /// The nodes of a device; none if nothing is written.
    List<DeviceNode> read(String device) {
        List<DeviceNode> out = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file(device))) {
                String[] words = line.split(" ", 4);
                out.add(
                        new DeviceNode(
                                new GuestPath(words[3]),
                                words[0].startsWith("b")
                                        ? DeviceNode.Type.BLOCK
                                        : DeviceNode.Type.CHAR,
                                Integer.parseInt(words[1]),
                                Integer.parseInt(words[2]),
                                0,
                                0,
                                0,
                                // Notes of older versions name no access.
                                words[0].length() > 1 ? words[0].substring(1) : "rwm"));
            }
            return out;
        } catch (NoSuchFileException _) {
            return List.of();
        } catch (IOException e) {
            throw new InternalException("Failed to read the nodes of device \"" + device + "\"", e);
        }
    }

    /// Forgets a device, and the directory with the last one.
    void delete(String device) {
        try {
            Files.deleteIfExists(file(device));
            Files.deleteIfExists(directory());
        } catch (java.nio.file.DirectoryNotEmptyException _) {
            // Other devices have notes still.
            return;
        } catch (IOException e) {
            throw new InternalException(
                    "Failed to forget the nodes of device \"" + device + "\"", e);
        }
    }

    /// All rules of the instance: those that every instance has, and those of all noted nodes.
    List<DeviceRule> rules() {
        List<DeviceRule> out = new ArrayList<>(DeviceSpec.defaultRules());
        try (Stream<Path> files = Files.list(directory())) {
            for (Path file : files.sorted().toList()) {
                String device = String.valueOf(file.getFileName());
                if (!device.startsWith(".")) {
                    read(device).forEach(node -> out.add(node.rule()));
                }
            }
        } catch (NoSuchFileException _) {
            return out;
        } catch (IOException e) {
            throw new InternalException("Failed to read the device nodes of " + instance, e);
        }
        return out;
    }
}
