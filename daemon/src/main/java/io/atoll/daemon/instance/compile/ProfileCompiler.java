package io.atoll.daemon.instance.compile;

import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.InstanceConfig;
import io.atoll.runtime.apparmor.AppArmor;
import io.atoll.runtime.apparmor.ProfileText;
import io.atoll.runtime.spec.ProfileSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The AppArmor profile of an instance. A container has one of its own wherever the host can load
/// it.
public final class ProfileCompiler {
    private ProfileCompiler() {}

    /// @param name of the profile
    /// @param directory for the texts of profiles
    /// @throws io.atoll.base.UnsupportedException for `raw.apparmor` on a host without AppArmor
    public static Optional<ProfileSpec> compile(
            InstanceConfig config,
            boolean isPrivileged,
            AppArmor host,
            String name,
            Path directory) {
        Optional<String> raw = config.get(ConfigKeys.RAW_APPARMOR);
        if (raw.isPresent()) {
            host.require("raw.apparmor");
        }
        if (!host.isUsable()) {
            return Optional.empty();
        }
        boolean isNestable = config.is(ConfigKeys.NESTING);
        ProfileText text =
                new ProfileText(
                        name,
                        isPrivileged,
                        isNestable,
                        isNestable && host.hasNamespaces() ? Optional.of(name) : Optional.empty(),
                        raw.map(AppArmor::lines).orElse(List.of()));
        return Optional.of(host.profile(text, directory));
    }
}
