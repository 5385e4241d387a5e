package io.atoll.lxctools.disk;

import static io.atoll.lxctools.ToolOption.flag;
import static io.atoll.lxctools.ToolOption.value;

import io.atoll.base.BusyException;
import io.atoll.base.NotFoundException;
import io.atoll.base.UnavailableException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolSpec;
import io.atoll.lxctools.storage.StorageOptions;
import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcPath;
import java.nio.file.Files;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// `lxc-copy`: copies, ephemeral copies and other names of containers.
public final class CopyTool implements Tool {
    private static final String LETTERS =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final int SUFFIX = 6;

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                        "-n NAME [-N NEWNAME] [-e | -R] [OPTION...] [-- HOOK-ARGUMENT... | COMMAND...]",
                        "Copies or renames a container.",
                        value('N', "newname", "NAME", "Name of the copy"),
                        value('p', "newpath", "PATH", "Put the copy into this directory"),
                        flag('R', "rename", "Give the container itself another name"),
                        flag('s', "snapshot", "Share with the original what can be shared"),
                        flag(
                                'a',
                                "allowrunning",
                                "Also copy a container that runs (frozen meanwhile)"),
                        flag('F', "foreground", "Start the ephemeral copy in the foreground"),
                        flag('d', "daemon", "Start the ephemeral copy in the background"),
                        flag('e', "ephemeral", "Start the copy, and remove it when it stops"),
                        value(
                                'm',
                                "mount",
                                "TYPE=SRC[:DST[:OPTS]]",
                                "Mount into the ephemeral copy: bind= or overlay="),
                        value('B', "backingstorage", "TYPE", "Storage of the copy"),
                        flag('t', "tmpfs", "Keep the ephemeral copy's changes in memory"),
                        value('L', "fssize", "SIZE[bkmgt]", "Size of a new file system"),
                        flag('D', "keepdata", "Keep the ephemeral copy when it stops"),
                        value("user", "NAME", "With -e: run COMMAND as this user of the copy"),
                        flag('K', "keepname", "Keep the host name"),
                        flag('M', "keepmac", "Keep MAC addresses"))
                .named(ToolSpec.Name.ONLY_OPTION);
    }

    @Override
    public int run(Call call) {
        LxcContainer original = call.container();
        if (!original.isDefined()) {
            throw new NotFoundException("Container is not defined");
        }
        boolean isEphemeral = call.options().has("ephemeral");
        if (isEphemeral && call.options().has("rename")) {
            throw new ToolException("-R can't be used with -e");
        }
        Optional<String> name = call.options().value("newname");
        if (name.isEmpty() && !isEphemeral) {
            throw new ToolException("You must provide a NEWNAME for the clone");
        }
        try (LxcPath target =
                LxcPath.open(
                        call.options()
                                .value("newpath")
                                .map(call::file)
                                .orElse(call.path().directory()),
                        call.system())) {
            LxcContainer copy = target.container(name.orElseGet(() -> unusedName(call, target)));
            if (call.options().has("rename")) {
                Renaming.rename(original, copy);
                return 0;
            }
            if (isEphemeral) {
                return Ephemeral.of(call).run(original, copy);
            }
            copy(call, original, copy);
            return 0;
        }
    }

    private static String unusedName(Call call, LxcPath target) {
        for (int i = 0; i < 100; i++) {
            StringBuilder name = new StringBuilder(call.name()).append('_');
            for (int j = 0; j < SUFFIX; j++) {
                name.append(LETTERS.charAt(RandomGenerator.getDefault().nextInt(LETTERS.length())));
            }
            if (!Files.exists(target.directory().resolve(name.toString()))) {
                return name.toString();
            }
        }
        throw new UnavailableException("found no free name for a copy of " + call.name());
    }

    private static void copy(Call call, LxcContainer original, LxcContainer copy) {
        boolean isFrozen = false;
        if (original.isRunning()) {
            if (!call.options().has("allowrunning")) {
                throw new BusyException("is running; stop it first, or use -a");
            }
            original.freeze();
            isFrozen = true;
        }
        try {
            CopyPlan plan =
                    new CopyPlan(
                            call.options().has("snapshot"),
                            false,
                            call.options().value("backingstorage"),
                            call.options().has("keepname"),
                            call.options().has("keepmac"),
                            false,
                            call.words());
            copying(call).copy(original, copy, plan, isFrozen);
        } finally {
            if (isFrozen) {
                original.unfreeze();
            }
        }
    }

    static Copying copying(Call call) {
        Installation installation = new Installation(call);
        StorageOptions options = installation.storageOptions();
        return new Copying(installation.backends(), options);
    }
}
