package io.atoll.daemon.device.attach;

import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.device.attach.CdiEdits.Hook;
import io.atoll.daemon.device.attach.CdiEdits.Moment;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// Runs programs that a vendor's file names, as runtimes of the OCI do: the container's state on
/// standard input, and a bundle whose `config.json` says where its root is seen from the host. They
/// are the host's and run in its namespaces, as root; what they find below that root is the
/// instance's, as they must know of every container.
///
/// @param bundle folder of its own, made and removed here; notes lie beside `config.json`
/// @param id of the instance
record CdiHooks(Path bundle, String id) {
    private static final String VERSION = "1.0.2";
    private static final String MOUNTS = "mounts";

    /// @param pid of the first process, none after its end
    /// @throws InvalidConfigException when one fails; those after it do not run
    void run(List<Hook> hooks, Moment moment, OptionalInt pid) {
        if (hooks.isEmpty()) {
            return;
        }
        makeBundle(pid);
        Json.Obj state =
                Json.object()
                        .put("ociVersion", VERSION)
                        .put("id", id)
                        .put("status", status(moment))
                        .put("bundle", bundle.toString());
        pid.ifPresent(p -> state.put("pid", p));
        for (Hook hook : hooks) {
            run(hook, state.render());
        }
    }

    private static String status(Moment moment) {
        return switch (moment) {
            case CREATED -> "created";
            case STARTED -> "running";
            case STOPPED -> "stopped";
        };
    }

    private void makeBundle(OptionalInt pid) {
        String root = pid.isPresent() ? "/proc/" + pid.getAsInt() + "/root" : "/nonexistent";
        Json config =
                Json.object()
                        .put("ociVersion", VERSION)
                        .put("root", Json.object().put("path", root));
        try {
            Files.createDirectories(bundle);
            Files.writeString(bundle.resolve("config.json"), config.render());
        } catch (IOException e) {
            throw new InternalException("Failed to prepare hooks of a CDI file", e);
        }
    }

    private static void run(Hook hook, String state) {
        Command command =
                Command.of(CdiEdits.argv(hook))
                        .timeout(hook.timeout())
                        .input(state.getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, String> variable : hook.environment().entrySet()) {
            command = command.environment(variable.getKey(), variable.getValue());
        }
        try {
            Commands.Result unused = Commands.run(command);
        } catch (CommandFailed e) {
            throw new InvalidConfigException("Hook of the CDI file failed: " + e.getMessage(), e);
        }
    }

    /// Writes down where mounts of the device are inside.
    void noteMounts(List<String> targets) {
        try {
            Files.createDirectories(bundle);
            Files.write(bundle.resolve(MOUNTS), targets);
        } catch (IOException e) {
            throw new InternalException("Failed to note the mounts of a CDI file", e);
        }
    }

    /// Where they are.
    List<String> mounts() {
        try {
            return Files.readAllLines(bundle.resolve(MOUNTS));
        } catch (NoSuchFileException _) {
            return List.of();
        } catch (IOException e) {
            throw new InternalException("Failed to read the mounts of a CDI file", e);
        }
    }

    /// Removes what was made for them.
    void forget() {
        try {
            Files.deleteIfExists(bundle.resolve(MOUNTS));
            Files.deleteIfExists(bundle.resolve("config.json"));
            Files.deleteIfExists(bundle);
        } catch (IOException e) {
            throw new InternalException("Failed to remove " + bundle, e);
        }
    }
}
