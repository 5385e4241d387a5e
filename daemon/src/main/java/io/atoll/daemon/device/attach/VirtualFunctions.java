package io.atoll.daemon.device.attach;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.instance.config.Volatile;
import io.atoll.linux.Command;
import io.atoll.linux.Commands;
import io.atoll.linux.ProcFiles;
import io.atoll.runtime.spec.MacAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// The virtual functions of network cards, as sysfs shows them: `device/virtfnN` of a card is a
/// device of its own, and below its `net` stands the name of its interface while that is on the
/// host. One that is inside an instance has none.
///
/// @param root `/sys`, another in tests
/// @param tool runs a command and returns what it prints
/// @param taken functions by their interface that a start is about to use, and for whom
public record VirtualFunctions(Path root, Tool tool, Map<String, String> taken) {
    static final VirtualFunctions KERNEL =
            new VirtualFunctions(
                    Path.of("/sys"),
                    argv -> Commands.run(Command.of(argv)).text(),
                    new ConcurrentHashMap<>());

    private static final String STATE = ".last_state.vf.";

    /// Runs a command.
    @FunctionalInterface
    interface Tool {
        /// @throws io.atoll.linux.CommandFailed if it fails
        String run(List<String> argv);
    }

    /// A function.
    ///
    /// @param number among the card's functions
    /// @param link its interface on the host
    record Function(int number, String link) {}

    /// Chooses the first that no instance has and that is not in use on the host, and remembers it
    /// and what the card knows of it; the card is told to make all it can if it has none yet.
    ///
    /// @throws InvalidConfigException if the card has no functions, or none is free
    void choose(Site site, String device, String parent) {
        Path card = root.resolve("class/net").resolve(parent).resolve("device");
        Optional<Integer> most = number(card.resolve("sriov_totalvfs"));
        if (most.filter(n -> n > 0).isEmpty()) {
            throw new InvalidConfigException(
                    "Parent device \"" + parent + "\" doesn't support SR-IOV");
        }
        if (number(card.resolve("sriov_numvfs")).orElse(0) == 0) {
            ProcFiles.write(card.resolve("sriov_numvfs").toString(), most.get().toString());
        }
        Function free =
                functions(card)
                        .filter(f -> isDown(f.link()) && !isTaken(site, device, f.link()))
                        .findFirst()
                        .orElseThrow(() ->
                                new InvalidConfigException(
                                        "All virtual functions of sriov device \""
                                                + parent
                                                + "\" seem to be in use"));
        site.memory().put(Volatile.hostName(device), free.link());
        site.memory().put(key(device, "id"), Integer.toString(free.number()));
        remember(site, device, parent, Integer.toString(free.number()));
    }

    /// What the card knows of the function now. The record of a start is written while that goes
    /// on, so this must not wait until the card is told something else.
    private void remember(Site site, String device, String parent, String number) {
        Json before = state(parent, number);
        String address = before.get("address").asString();
        String mac = address.isEmpty() ? before.get("mac").asString() : address;
        Json listed = before.get("vlan_list").asList().stream().findFirst().orElse(before);
        site.memory().put(key(device, "hwaddr"), mac);
        site.memory().put(key(device, "vlan"), Long.toString(listed.get("vlan").asLong()));
        site.memory()
                .put(
                        key(device, "spoofcheck"),
                        Boolean.toString(before.get("spoofchk").asBoolean()));
    }

    private boolean isTaken(Site site, String device, String link) {
        boolean isBesides =
                site.memory().entrySet().stream()
                        .anyMatch(e ->
                                e.getValue().equals(link)
                                        && e.getKey().endsWith(".host_name")
                                        && !e.getKey().equals(Volatile.hostName(device)));
        String owner = taken.getOrDefault(link, "");
        return isBesides || !owner.isEmpty() && !owner.equals(HostEnd.key(site, device));
    }

    private static String key(String device, String what) {
        return "volatile." + device + STATE + what;
    }

    private static Stream<Function> functions(Path card) {
        try (Stream<Path> entries = Files.list(card)) {
            List<Path> all =
                    entries.filter(p -> p.getFileName().toString().matches("virtfn\\d{1,4}"))
                            .sorted(Comparator.comparingInt(VirtualFunctions::numberOf))
                            .toList();
            return all.stream()
                    .flatMap(p -> link(p).map(link -> new Function(numberOf(p), link)).stream());
        } catch (IOException e) {
            throw new InternalException("Cannot read the functions of " + card, e);
        }
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

    /// Sets address and VLAN of the chosen function at its card, where the instance cannot change
    /// them.
    ///
    /// @throws InvalidConfigException if another start took the function meanwhile
    void prepare(
            Site site,
            String device,
            String parent,
            Optional<MacAddress> mac,
            OptionalInt vlan,
            boolean checksSender) {
        String link = site.remembered(Volatile.hostName(device)).orElse("");
        String owner = taken.putIfAbsent(link, HostEnd.key(site, device));
        if (owner != null && !owner.equals(HostEnd.key(site, device))) {
            throw new InvalidConfigException(
                    "Virtual function \"" + link + "\" was taken meanwhile, start again");
        }
        String number = site.memory().getOrDefault(key(device, "id"), "");
        mac.ifPresent(value -> set(parent, number, "mac", value.value()));
        vlan.ifPresent(id -> set(parent, number, "vlan", Integer.toString(id)));
        set(parent, number, "spoofchk", checksSender ? "on" : "off");
    }

    private Json state(String parent, String number) {
        String text = tool.run(List.of("ip", "-json", "link", "show", "dev", parent));
        return Json.parse(text).asList().stream()
                .flatMap(link -> link.get("vfinfo_list").asList().stream())
                .filter(function -> Long.toString(function.get("vf").asLong()).equals(number))
                .findFirst()
                .orElseThrow(() ->
                        new InvalidConfigException(
                                "Parent device \""
                                        + parent
                                        + "\" says nothing of its function "
                                        + number));
    }

    /// Makes the function be as it was. Nothing is done if none is remembered, so that this can be
    /// repeated, nor if another start has it.
    void giveBack(Site site, String device, String parent) {
        Optional<String> number = site.remembered(key(device, "id"));
        Optional<String> link = site.remembered(Volatile.hostName(device));
        Optional<String> mac = site.remembered(key(device, "hwaddr"));
        String owner = taken.getOrDefault(link.orElse(""), "");
        boolean isOurs = owner.isEmpty() || owner.equals(HostEnd.key(site, device));
        if (number.isPresent() && mac.isPresent() && isOurs) {
            set(parent, number.get(), "mac", mac.get());
            String vlan = site.remembered(key(device, "vlan")).orElse("0");
            set(parent, number.get(), "vlan", vlan);
            boolean isChecked =
                    site.remembered(key(device, "spoofcheck")).filter("true"::equals).isPresent();
            set(parent, number.get(), "spoofchk", isChecked ? "on" : "off");
        }
        for (String what : List.of("id", "hwaddr", "vlan", "spoofcheck")) {
            site.memory().remove(key(device, what));
        }
        link.ifPresent(name -> taken.remove(name, HostEnd.key(site, device)));
        site.memory().remove(Volatile.hostName(device));
    }

    private void set(String parent, String number, String what, String value) {
        String unused =
                tool.run(List.of("ip", "link", "set", "dev", parent, "vf", number, what, value));
    }
}
