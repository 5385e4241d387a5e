package io.atoll.lxctools.boot;

import static io.atoll.lxctools.ToolOption.value;

import io.atoll.base.InvalidConfigException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcConfigUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// `lxc-update-config`: rewrites names of LXC 1.x and 2.x in a configuration to today's.
public final class UpdateConfigTool implements Tool {
    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "-c FILE",
                        "Rewrites a configuration of LXC 1.x or 2.x; the old file is kept as FILE.backup.",
                        value('c', "config", "FILE", "The configuration"))
                .named(ToolSpec.Name.NONE);
    }

    @Override
    public int run(Call call) throws IOException {
        Path file =
                call.options()
                        .value("config")
                        .or(() -> call.words().stream().findFirst())
                        .map(call::file)
                        .orElseThrow(() -> new ToolException("name the configuration: -c FILE"));
        String old;
        try {
            old = Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new InvalidConfigException("there is no " + file, e);
        }
        String updated = LxcConfigUpdate.update(old);
        Path backup = file.resolveSibling(file.getFileName() + ".backup");
        Files.copy(
                file,
                backup,
                StandardCopyOption.REPLACE_EXISTING,
                StandardCopyOption.COPY_ATTRIBUTES);
        Path fresh = file.resolveSibling("." + file.getFileName() + ".new");
        Files.copy(
                file,
                fresh,
                StandardCopyOption.REPLACE_EXISTING,
                StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(fresh, updated);
        Files.move(
                fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return 0;
    }
}
