package io.atoll.lxctools.disk;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.lxctools.Call;
import io.atoll.lxctools.storage.Backends;
import io.atoll.lxctools.storage.HostCommands;
import io.atoll.lxctools.storage.StorageOptions;
import io.atoll.runtime.lxc.LxcSystemConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Where the files that come with the tools are, for one call.
public final class Installation {
    private static final Path PACKAGED = Path.of("/usr/share/lxc");

    private final Call call;

    public Installation(Call call) {
        this.call = call;
    }

    /// `LXC_SHARE` if it is set, else our own `share/lxc`, else LXC's.
    public Path share() {
        String named = call.invocation().env("LXC_SHARE");
        if (!named.isEmpty()) {
            return call.file(named);
        }
        Path own = Path.of(call.invocation().home()).resolve("share/lxc");
        return own.isAbsolute() && Files.isDirectory(own) ? own : PACKAGED;
    }

    /// Where templates are: `LXC_TEMPLATE_PATH` if set, then ours, then LXC's.
    List<Path> templateDirectories() {
        String named = call.invocation().env("LXC_TEMPLATE_PATH");
        List<Path> ours = List.of(share().resolve("templates"), PACKAGED.resolve("templates"));
        return named.isEmpty() ? ours : List.of(call.file(named), ours.getFirst(), ours.getLast());
    }

    /// The template of a name or path.
    ///
    /// @throws NotFoundException if there is no such program
    Path template(String name) {
        if (name.startsWith("/")) {
            return executable(Path.of(name))
                    .orElseThrow(() -> new NotFoundException("no such template: " + name));
        }
        if (name.indexOf('/') >= 0) {
            throw new InvalidConfigException(
                    "a template is a name or an absolute path, not " + name);
        }
        return templateDirectories().stream()
                .map(directory -> directory.resolve("lxc-" + name))
                .flatMap(path -> executable(path).stream())
                .findFirst()
                .orElseThrow(() ->
                        new NotFoundException(
                                "no template \""
                                        + name
                                        + "\" in "
                                        + templateDirectories().getFirst()));
    }

    private static Optional<Path> executable(Path path) {
        return Files.isRegularFile(path) && Files.isExecutable(path)
                ? Optional.of(path)
                : Optional.empty();
    }

    /// What a new container's configuration begins as: the caller's file, or ours if there is none.
    Path defaultConfig() {
        Path own = call.system().defaultConfig();
        String ours = call.invocation().isRoot() ? "default.conf" : "user.conf";
        return Files.isReadable(own) ? own : share().resolve(ours);
    }

    /// What the options and lxc.conf(5) say about storage.
    public StorageOptions storageOptions() {
        LxcSystemConfig system = call.system();
        return new StorageOptions(
                call.options().value("dir").map(Path::of),
                call.options().value("fstype").orElse("ext4"),
                call.options()
                        .value("fssize")
                        .map(StorageOptions::size)
                        .orElse(StorageOptions.SIZE_DEFAULT),
                call.options().value("lvname").orElse(""),
                value("vgname", "lxc.bdev.lvm.vg"),
                call.options()
                        .value("thinpool")
                        .or(() ->
                                Optional.ofNullable(system.values().get("lxc.bdev.lvm.thin_pool")))
                        .orElse(""),
                value("zfsroot", "lxc.bdev.zfs.root"),
                call.options().value("rbdname").orElse(""),
                value("rbdpool", "lxc.bdev.rbd.rbdpool"));
    }

    private String value(String option, String key) {
        return call.options().value(option).or(() -> call.system().find(key)).orElse("lxc");
    }

    /// All backends with the host's commands.
    public Backends backends() {
        return new Backends(HostCommands.ofHost(), storageOptions());
    }
}
