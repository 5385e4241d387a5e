package io.atoll.daemon.instance;

import io.atoll.base.Idmap;
import io.atoll.base.Undo;
import io.atoll.daemon.instance.compile.ProfileCompiler;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.spec.ProfileSpec;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/// The AppArmor profiles of running instances, which follow their configuration: the kernel puts a
/// new text in force for processes that are confined already.
final class LoadedProfiles {
    private final Supplier<AppArmor> host;
    private final Path directory;

    /// @param directory for the texts of profiles
    LoadedProfiles(Supplier<AppArmor> host, Path directory) {
        this.host = host;
        this.directory = directory;
    }

    /// Puts the profile of the new configuration in place of the old one's, if they differ and the
    /// instance runs with one: `raw.lxc` may have chosen another.
    ///
    /// @param name of the profile
    /// @throws io.atoll.base.InvalidConfigException with the parser's words; the old one then stays
    void change(String name, Idmap ids, InstanceConfig old, InstanceConfig next, Undo undo) {
        AppArmor now = host.get();
        if (!now.isUsable() || !now.isLoaded(name)) {
            return;
        }
        Optional<ProfileSpec> before = compile(old, ids, now, name);
        Optional<ProfileSpec> after = compile(next, ids, now, name);
        if (before.isEmpty() || after.isEmpty() || before.get().text().equals(after.get().text())) {
            return;
        }
        undo.add(() -> AppArmor.reload(before.get()));
        AppArmor.reload(after.get());
    }

    private Optional<ProfileSpec> compile(
            InstanceConfig config, Idmap ids, AppArmor now, String name) {
        return ProfileCompiler.compile(config, ids.isPrivileged(), now, name, directory);
    }
}
