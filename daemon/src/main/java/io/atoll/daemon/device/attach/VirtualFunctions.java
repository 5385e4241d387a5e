package io.atoll.daemon.device.attach;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.runtime.spec.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// The virtual functions of network cards, as sysfs shows them: `device/virtfnN` of a card is a
/// device of its own, and below its `net` stands the name of its interface while that is on the
/// host. One that is inside an instance has none.
///
/// @param root `/sys`, another in tests
record VirtualFunctions(Path root) {
    static final VirtualFunctions KERNEL = new VirtualFunctions(Path.of("/sys"));

    /// A function.
    ///
    /// @param parent the card's own interface
    /// @param number among the card's functions
    /// @param link its interface on the host
    record Function(String parent, int number, String link) {}

    /// The first that no instance has and that is not in use on the host; the card is told to make
    /// all it can if it has none yet.
    ///
    /// @throws InvalidConfigException if the card has no functions, or none is free
    Function choose(String parent) {
        Path device = root.resolve("class/net").resolve(parent).resolve("device");
        Optional<Integer> most = number(device.resolve("sriov_totalvfs"));
        if (most.filter(n -> n > 0).isEmpty()) {
            throw new InvalidConfigException(
                    "Parent device \"" + parent + "\" doesn't support SR-IOV");
        }
        if (number(device.resolve("sriov_numvfs")).orElse(0) == 0) {
            ProcFiles.write(device.resolve("sriov_numvfs").toString(), most.get().toString());
        }
        try (Stream<Path> entries = Files.list(device)) {
            List<Path> functions =
                    entries.filter(p -> p.getFileName().toString().matches("virtfn\\d{1,4}"))
                            .sorted(Comparator.comparingInt(VirtualFunctions::numberOf))
                            .toList();
            for (Path function : functions) {
                Optional<String> link = link(function);
                if (link.filter(this::isDown).isPresent()) {
                    return new Function(parent, numberOf(function), link.get());
                }
            }
        } catch (IOException e) {
            throw new InternalException("Cannot read the functions of " + parent, e);
        }
        throw new InvalidConfigException(
                "All virtual functions of sriov device \"" + parent + "\" seem to be in use");
    }

    private static int numberOf(Path function) {
        return Integer.parseInt(function.getFileName().toString().substring("virtfn".length()));
    }

    private static Optional<Integer> number(Path file) {
        return ProcFiles.readIfPresent(file.toString())
                .map(String::strip)
                .filter(t -> t.matches("\\d{1,6}"))
                .map(Integer::parseInt);
    }

    private static Optional<String> link(Path function) {
        try (Stream<Path> links = Files.list(function.resolve("net"))) {
            return links.map(p -> p.getFileName().toString()).findFirst();
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    private boolean isDown(String link) {
        return ProcFiles.readIfPresent(
                        root.resolve("class/net").resolve(link).resolve("operstate").toString())
                .filter(state -> state.strip().equals("up"))
                .isEmpty();
    }

    /// Sets the address and VLAN of a function at its card, where the instance cannot change them.
    void prepare(
            Function function, Optional<MacAddress> mac, OptionalInt vlan, boolean checksSender) {
        mac.ifPresent(address -> set(function, "mac", address.value()));
        vlan.ifPresent(id -> set(function, "vlan", Integer.toString(id)));
        set(function, "spoofchk", checksSender ? "on" : "off");
    }

    private static void set(Function function, String what, String value) {
        String number = Integer.toString(function.number());
        Commands.run(
                Command.of(
                        "ip", "link", "set", "dev", function.parent(), "vf", number, what, value));
    }
}
