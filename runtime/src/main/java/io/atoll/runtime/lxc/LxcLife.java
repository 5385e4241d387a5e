package io.atoll.runtime.lxc;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.runtime.Container;
import io.atoll.runtime.spec.DeviceRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What is remembered of a running container until it ends: the configuration that it was started
/// with, and the devices that it was given since.
final class LxcLife {
    private static final String ALLOW = "allow ";
    private static final String DENY = "deny ";

    private final Container container;

    LxcLife(Container container) {
        this.container = container;
    }

    private Path configFile() {
        return container.lifeDirectory().resolve("own.config");
    }

    private Path ruleFile() {
        return container.lifeDirectory().resolve("own.devices");
    }

    void begin(LxcConfig config) {
        write(configFile(), config.render());
    }

    /// As it was at the start; empty if another program started it.
    ///
    /// @throws InvalidConfigException if what it includes has changed and is wrong now
    Optional<LxcConfig> config() {
        return read(configFile())
                .map(text -> LxcConfig.parse(text, configFile().toString(), LxcIncludes.files()));
    }

    /// Lets it use a device, or no longer. Version 2 has no file for that: the program that decides
    /// is replaced by one with all rules.
    void addRule(DeviceRule rule) {
        boolean isPureV2 = !hasDeviceFiles(container);
        List<DeviceRule> configured =
                config().map(config -> LxcLimits.devices(config, isPureV2)).orElse(List.of());
        if (configured.isEmpty()) {
            return; // nothing is filtered
        }
        List<DeviceRule> since = rules();
        List<DeviceRule> before = new ArrayList<>(configured);
        before.addAll(since);
        since.removeIf(old -> isSameDevice(old, rule));
        since.add(rule);
        List<DeviceRule> after = new ArrayList<>(configured);
        after.addAll(since);
        container.updateDevices(before, after);
        StringBuilder text = new StringBuilder();
        since.forEach(
                r -> text.append(r.isAllowed() ? ALLOW : DENY).append(r.render()).append('\n'));
        write(ruleFile(), text.toString());
    }

    /// Whether devices are a matter of files, as with version 1. With version 2 only the controller
    /// is there in name.
    static boolean hasDeviceFiles(Container container) {
        return container.cgroup("devices").flatMap(files -> files.read("devices.list")).isPresent();
    }

    private static boolean isSameDevice(DeviceRule one, DeviceRule other) {
        return one.type() == other.type()
                && one.major() == other.major()
                && one.minor() == other.minor();
    }

    private List<DeviceRule> rules() {
        List<DeviceRule> rules = new ArrayList<>();
        for (String line : read(ruleFile()).orElse("").lines().toList()) {
            boolean isAllowed = line.startsWith(ALLOW);
            rules.add(
                    DeviceRule.parse(
                            isAllowed, line.substring((isAllowed ? ALLOW : DENY).length())));
        }
        return rules;
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (NoSuchFileException _) {
            return Optional.empty();
        } catch (IOException e) {
            throw new InternalException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (NoSuchFileException _) {
            // It has ended meanwhile.
        } catch (IOException e) {
            throw new InternalException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
