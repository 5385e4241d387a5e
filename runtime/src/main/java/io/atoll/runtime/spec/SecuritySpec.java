package io.atoll.runtime.spec;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// What a container's processes may do, apart from namespaces and limits.
///
/// @param bounding capabilities that stay in the bounding set
/// @param isNoNewPrivs true to set no_new_privs; prctl(2)
/// @param seccomp system calls that are refused
/// @param lsmLabel AppArmor profile or SELinux context that init starts in; absent means unchanged
/// @param hasOwnKeyring true to join a fresh session keyring; keyrings(7)
public record SecuritySpec(
        Set<Capability> bounding,
        boolean isNoNewPrivs,
        SeccompSpec seccomp,
        Optional<String> lsmLabel,
        boolean hasOwnKeyring) {
    /// All capabilities (they count only inside the user namespace), the default deny list, a
    /// keyring of its own.
    public static final SecuritySpec UNPRIVILEGED =
            new SecuritySpec(
                    EnumSet.allOf(Capability.class),
                    false,
                    SeccompSpec.DEFAULT,
                    Optional.empty(),
                    true);

    /// As [#UNPRIVILEGED] without the capabilities that reach past any namespace.
    public static final SecuritySpec PRIVILEGED =
            UNPRIVILEGED.dropping(
                    Capability.MAC_ADMIN,
                    Capability.MAC_OVERRIDE,
                    Capability.SYS_TIME,
                    Capability.SYS_MODULE,
                    Capability.SYS_RAWIO);

    public SecuritySpec {
        bounding = Set.copyOf(bounding);
    }

    /// A copy without these in the bounding set.
    public SecuritySpec dropping(Capability... capabilities) {
        Set<Capability> rest = EnumSet.allOf(Capability.class);
        rest.retainAll(bounding);
        rest.removeAll(Set.of(capabilities));
        return new SecuritySpec(rest, isNoNewPrivs, seccomp, lsmLabel, hasOwnKeyring);
    }

    /// A copy with another list of refused system calls.
    public SecuritySpec withSeccomp(SeccompSpec spec) {
        return new SecuritySpec(bounding, isNoNewPrivs, spec, lsmLabel, hasOwnKeyring);
    }
}
