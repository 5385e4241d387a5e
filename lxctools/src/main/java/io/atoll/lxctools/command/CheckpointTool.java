package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.Container;
import io.atoll.runtime.criu.Checkpoint;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcStart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// `lxc-checkpoint`: writes a running container's processes to disk and brings them back, by CRIU.
public final class CheckpointTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME -D DIRECTORY [-r [-F]] [-s] [-p] [--predump-dir DIRECTORY] [-v] [-A SCRIPT]",
                "Checkpoints a running container by CRIU, or restores it.",
                ToolOption.flag('r', "restore", "Restore it"),
                ToolOption.value('D', "checkpoint-dir", "DIRECTORY", "Where the images are"),
                ToolOption.flag('v', "verbose", "Let CRIU log everything"),
                ToolOption.value('A', "action-script", "SCRIPT", "CRIU's action script"),
                ToolOption.flag('s', "stop", "Stop the container when it is written"),
                ToolOption.flag('p', "pre-dump", "Only write memory, for a faster dump later"),
                ToolOption.value("predump-dir", "DIRECTORY", "Images of the pre-dump before"),
                ToolOption.flag('d', "daemon", "With -r: go to the background"),
                ToolOption.flag('F', "foreground", "With -r: stay in the foreground"));
    }

    @Override
    public int run(Call call) throws IOException {
        Path directory =
                call.options()
                        .value("checkpoint-dir")
                        .map(call::file)
                        .orElseThrow(() -> new ToolException("-D is required."));
        boolean isRestore = call.options().has("restore");
        if (isRestore && (call.options().has("stop") || call.options().has("pre-dump"))) {
            throw new ToolException("-s and -p are not compatible with -r.");
        }
        if (!isRestore && (call.options().has("foreground") || call.options().has("daemon"))) {
            throw new ToolException("-F and -d are only for -r.");
        }
        if (!call.options().has("pre-dump") && call.options().has("predump-dir") && isRestore) {
            throw new ToolException("--predump-dir is not compatible with -r.");
        }
        LxcContainer container = call.container();
        if (isRestore) {
            Container restored =
                    container.restore(
                            LxcStart.DEFAULT,
                            Checkpoint.restoring(
                                    directory, call.options().has("verbose"), script(call)));
            if (call.options().has("foreground")) {
                Foreground.run(call, restored);
            }
            return 0;
        }
        if (!container.isRunning()) {
            throw new ToolException(call.name() + " is not running");
        }
        Optional<Path> before = call.options().value("predump-dir").map(call::file);
        container.checkpoint(
                new Checkpoint(
                        directory,
                        call.options().has("stop"),
                        call.options().has("pre-dump"),
                        call.options().has("verbose"),
                        script(call),
                        before));
        return 0;
    }

    /// For CRIU it is a line for a shell, which runs elsewhere than the caller is.
    private static Optional<String> script(Call call) {
        return call.options()
                .value("action-script")
                .map(line -> {
                    Path file = call.file(line);
                    return Files.exists(file) ? file.toString() : line;
                });
    }
}
