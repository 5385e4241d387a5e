package io.atoll.daemon.instance.compile;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.base.json.JsonException;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.lxc.Signals;
import io.atoll.runtime.spec.InitSpec;
import io.atoll.runtime.spec.SignalSpec;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/// The first process of an instance: `/sbin/init`, or the program of an image of an OCI registry,
/// which its properties name. Those of an instance can be changed with the instance.
final class ApplicationInit {
    private static final String PREFIX = "image.oci.";

    private ApplicationInit() {}

    /// @param environment what the instance's own keys say on top of what every init has
    /// @throws InvalidConfigException naming the key that cannot be used
    static InitSpec of(InstanceConfig config, Map<String, String> environment) {
        List<String> command = texts(config, "entrypoint");
        if (command.isEmpty()) {
            return InitSpec.DEFAULT.withEnv(environment);
        }
        Map<String, String> all = new TreeMap<>();
        for (String line : texts(config, "env")) {
            String[] words = line.split("=", 2);
            if (words.length == 2 && !words[0].isEmpty()) {
                all.put(words[0], words[1]);
            }
        }
        // What every init has comes last, what users say of their instance first.
        environment.forEach((name, value) -> {
            if (!value.equals(InitSpec.ENVIRONMENT.get(name))) {
                all.put(name, value);
            } else {
                all.putIfAbsent(name, value);
            }
        });
        return new InitSpec(
                command,
                id(config, "uid"),
                id(config, "gid"),
                List.of(),
                config.text(PREFIX + "cwd").orElse("/"),
                all);
    }

    /// An application is asked to end by the signal that its image names, else by SIGTERM.
    static SignalSpec signals(InstanceConfig config) {
        if (texts(config, "entrypoint").isEmpty()) {
            return SignalSpec.DEFAULT;
        }
        String name = config.text(PREFIX + "stop_signal").orElse("SIGTERM");
        OptionalInt halt = Signals.find(name);
        if (halt.isEmpty()) {
            throw new InvalidConfigException(
                    "Invalid value of \"" + PREFIX + "stop_signal\": no signal: " + name);
        }
        return new SignalSpec(halt, halt, OptionalInt.empty());
    }

    private static List<String> texts(InstanceConfig config, String name) {
        String text = config.text(PREFIX + name).orElse("[]");
        try {
            return Json.parse(text).asStrings();
        } catch (JsonException e) {
            throw new InvalidConfigException(
                    "Invalid value of \"" + PREFIX + name + "\": no list of texts: " + text, e);
        }
    }

    private static long id(InstanceConfig config, String name) {
        String text = config.text(PREFIX + name).orElse("0");
        if (!text.matches("\\d{1,9}")) {
            throw new InvalidConfigException(
                    "Invalid value of \"" + PREFIX + name + "\": no number: " + text);
        }
        return Long.parseLong(text);
    }
}
