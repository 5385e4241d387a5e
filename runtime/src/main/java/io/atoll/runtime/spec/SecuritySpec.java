package io.atoll.runtime.spec;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What a container's processes may do, apart from namespaces and limits.
///
/// @param bounding capabilities that stay in the bounding set
/// @param isNoNewPrivs true to set no_new_privs; prctl(2)
/// @param seccomp system calls that are refused
/// @param lsmLabel AppArmor profile or SELinux context that init starts in; absent means unchanged
/// @param hasOwnKeyring true to join a fresh session keyring; keyrings(7)
/// @param profile an AppArmor profile that the start loads and the end removes; its label goes
///   before `lsmLabel`
/// @param interceptions system calls that whoever started it answers
/// @param patience how long these wait while nobody is there to answer; then they fail as calls
///   that the kernel does not have
/// @param keyringLabel SELinux context of its keyring; that of `lsmLabel` if absent
/// @param supervisor answers what `seccomp` leaves to a supervisor, unless there are
///   `interceptions`
public record SecuritySpec(
        Set<Capability> bounding,
        boolean isNoNewPrivs,
        SeccompSpec seccomp,
        Optional<String> lsmLabel,
        boolean hasOwnKeyring,
        Optional<ProfileSpec> profile,
        Set<Interception> interceptions,
        Duration patience,
        Optional<String> keyringLabel,
        Optional<Supervisor> supervisor) {
    /// Enough for a daemon to be replaced by the next.
    public static final Duration PATIENCE = Duration.ofSeconds(30);

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

    /// Without a profile of its own and interceptions.
    public SecuritySpec(
            Set<Capability> bounding,
            boolean isNoNewPrivs,
            SeccompSpec seccomp,
            Optional<String> lsmLabel,
            boolean hasOwnKeyring) {
        this(
                bounding,
                isNoNewPrivs,
                seccomp,
                lsmLabel,
                hasOwnKeyring,
                Optional.empty(),
                Set.of(),
                PATIENCE,
                Optional.empty(),
                Optional.empty());
    }

    public SecuritySpec {
        bounding = Set.copyOf(bounding);
        interceptions = Set.copyOf(interceptions);
    }

    /// A copy without these in the bounding set.
    public SecuritySpec dropping(Capability... capabilities) {
        Set<Capability> rest = EnumSet.allOf(Capability.class);
        rest.retainAll(bounding);
        rest.removeAll(Set.of(capabilities));
        return with(rest, seccomp, profile, interceptions);
    }

    /// A copy with another list of refused system calls.
    public SecuritySpec withSeccomp(SeccompSpec spec) {
        return with(bounding, spec, profile, interceptions);
    }

    /// A copy that is confined by a profile of its own.
    public SecuritySpec withProfile(Optional<ProfileSpec> own) {
        return with(bounding, seccomp, own, interceptions);
    }

    /// A copy some of whose system calls we answer.
    public SecuritySpec withInterceptions(Set<Interception> kinds) {
        return with(bounding, seccomp, profile, kinds);
    }

    /// A copy whose calls wait for so long, at least a millisecond.
    public SecuritySpec withPatience(Duration value) {
        return new SecuritySpec(
                bounding,
                isNoNewPrivs,
                seccomp,
                lsmLabel,
                hasOwnKeyring,
                profile,
                interceptions,
                value,
                keyringLabel,
                supervisor);
    }

    /// A copy whose profile's supervisor is this program.
    public SecuritySpec withSupervisor(Optional<Supervisor> program) {
        return new SecuritySpec(
                bounding,
                isNoNewPrivs,
                seccomp,
                lsmLabel,
                hasOwnKeyring,
                profile,
                interceptions,
                patience,
                keyringLabel,
                program);
    }

    /// The program that is asked about system calls, if any call is left to it.
    public Optional<Supervisor> asked() {
        return supervisor.filter(_ -> interceptions.isEmpty() && seccomp.asksAnybody());
    }

    private SecuritySpec with(
            Set<Capability> set,
            SeccompSpec calls,
            Optional<ProfileSpec> own,
            Set<Interception> kinds) {
        return new SecuritySpec(
                set,
                isNoNewPrivs,
                calls,
                lsmLabel,
                hasOwnKeyring,
                own,
                kinds,
                patience,
                keyringLabel,
                supervisor);
    }

    /// The filter to load: what is refused, and what we are asked about.
    public SeccompSpec filter() {
        return seccomp.plus(
                new TreeSet<>(interceptions)
                        .stream().flatMap(kind -> kind.rules().stream()).toList());
    }

    /// What init is labelled with, if anything.
    public Optional<String> label() {
        return profile.map(ProfileSpec::label).or(() -> lsmLabel);
    }
}
