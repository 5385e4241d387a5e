package io.atoll.lxctools.command;

import io.atoll.base.InvalidConfigException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.ToolLog;
import io.atoll.lxctools.ToolOption;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcStart;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/// Options that `lxc-start` and `lxc-execute` have in common.
final class StartOptions {
    private static final List<String> SHARED = List.of("net", "ipc", "uts", "pid");

    private StartOptions() {}

    static List<ToolOption> options() {
        List<ToolOption> all = new ArrayList<>();
        all.add(
                ToolOption.value(
                        'f', "rcfile", "FILE", "Read the configuration from FILE instead"));
        all.add(ToolOption.value('s', "define", "KEY=VAL", "Set a key for this start"));
        for (String kind : SHARED) {
            all.add(
                    ToolOption.value(
                            "share-" + kind,
                            "NAME",
                            "Share the namespace of that container or pid"));
        }
        return all;
    }

    /// The container, with `-f` and `-s` in its configuration.
    static LxcContainer container(Call call) {
        LxcContainer container = call.container();
        for (String pair : call.options().values("define")) {
            int equals = pair.indexOf('=');
            if (equals < 1) {
                throw new InvalidConfigException(
                        "-s " + pair + ": expected KEY=VALUE, such as lxc.uts.name=web");
            }
            container.set(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
        }
        return container;
    }

    static LxcStart request(Call call, boolean isApplication, Optional<ExecSpec.Stdio.Fds> stdio) {
        Map<String, String> shared = new TreeMap<>();
        for (String kind : SHARED) {
            call.options().value("share-" + kind).ifPresent(whose -> shared.put(kind, whose));
        }
        return new LxcStart(
                call.words(),
                isApplication,
                call.invocation().env(),
                shared,
                id(call, "uid"),
                id(call, "gid"),
                call.options().value("pidfile").map(call::file),
                tools(call.invocation().home()),
                stdio,
                call.invocation().host().pid());
    }

    /// Says in the log which limits of the configuration this host has no use for.
    static void warnOfUnusedLimits(Call call, LxcContainer container, LxcStart request) {
        if (call.log().writes(ToolLog.Level.WARN)) {
            container
                    .unusedLimits(request)
                    .forEach(line -> call.log().write(ToolLog.Level.WARN, line));
        }
    }

    private static OptionalLong id(Call call, String option) {
        return call.number(option).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    /// Where our commands are installed.
    private static Optional<Path> tools(String home) {
        Path directory = Path.of(home, "dropin");
        return !home.isEmpty() && Files.isExecutable(directory.resolve("lxc-destroy"))
                ? Optional.of(directory)
                : Optional.empty();
    }
}
