package io.atoll.runtime.apparmor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// The AppArmor profile of one container, as text for apparmor_parser(8); the language is described
/// in apparmor.d(5).
///
/// A container is a whole system, so everything is allowed that is not refused. Refused is, for
/// every container, what concerns processes that are not its own. For a privileged one, whose root
/// the kernel takes for the host's, also what reaches past the namespaces: parameters, triggers and
/// memory of the kernel, and file systems there is only one of. In an unprivileged container the
/// kernel itself refuses these.
///
/// @param name letters, digits, dots, underscores and dashes; unique on the host
/// @param isPrivileged true if root inside is root outside
/// @param isNestable true if containers may run inside
/// @param namespace a policy namespace of its own, in which the container may load profiles
/// @param raw lines that are added at the end, as they are
public record ProfileText(
        String name,
        boolean isPrivileged,
        boolean isNestable,
        Optional<String> namespace,
        List<String> raw) {
    /// Parameters of the kernel that belong to a namespace; sysctl(2), namespaces(7).
    private static final List<String> NAMESPACED =
            List.of(
                    "fs/mqueue/**",
                    "kernel/domainname",
                    "kernel/hostname",
                    "kernel/msg_next_id",
                    "kernel/msgmax",
                    "kernel/msgmnb",
                    "kernel/msgmni",
                    "kernel/ns_last_pid",
                    "kernel/sem",
                    "kernel/sem_next_id",
                    "kernel/shm_next_id",
                    "kernel/shm_rmid_forced",
                    "kernel/shmall",
                    "kernel/shmmax",
                    "kernel/shmmni",
                    "net/**");

    /// What a container may write below `/sys`.
    private static final List<String> OWN_DEVICES =
            List.of("class/net/**", "devices/virtual/net/**", "fs/cgroup/**");

    /// Files of `/proc` that are the whole kernel's, refused by their names wherever they are.
    private static final List<String> PROC_FILES = List.of("kcore", "sysrq-trigger");

    /// File systems there is one of for all.
    private static final String SHARED_TYPES =
            "binfmt_misc, bpf, configfs, debugfs, devtmpfs, efivarfs, pstore, securityfs, tracefs";

    private static final String BINDS = "options in (ro, rw, bind, rbind, move)";

    public ProfileText {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,200}")) {
            throw new IllegalArgumentException("not a name of a profile: " + name);
        }
        raw = List.copyOf(raw);
    }

    /// The name for a container's profile: no two directories of containers share one.
    ///
    /// @param usual the directory whose containers' profiles bear their plain names
    public static String name(String container, Path directory, Path usual) {
        Path at = directory.toAbsolutePath().normalize();
        if (at.equals(usual)) {
            return container;
        }
        return container + "-" + HexFormat.of().toHexDigits(at.toString().hashCode());
    }

    /// The text, with a line end at its end.
    public String render() {
        List<String> lines = new ArrayList<>();
        lines.add("# Written by Atoll at every start.");
        lines.add("profile \"" + name + "\" flags=(attach_disconnected,mediate_deleted) {");
        common(lines);
        namespace.ifPresent(ns -> {
            section(lines, "Profiles of its own, in a namespace of its own.");
            rule(lines, "change_profile -> \":" + ns + ":*\"");
            rule(lines, "change_profile -> \":" + ns + "://*\"");
        });
        if (isPrivileged) {
            kernel(lines);
            mounts(lines);
        }
        if (!raw.isEmpty()) {
            section(lines, "raw.apparmor");
            raw.forEach(line -> lines.add("  " + line.strip()));
        }
        lines.add("}");
        return String.join("\n", lines) + "\n";
    }

    private void common(List<String> lines) {
        lines.add("  # A whole system runs here: what is not refused is allowed.");
        for (String all :
                List.of(
                        "capability",
                        "dbus",
                        "file",
                        "mount",
                        "network",
                        "pivot_root",
                        "umount",
                        "unix")) {
            rule(lines, all);
        }
        section(lines, "Processes of its own; those of the host may look at them and end them.");
        rule(lines, "ptrace peer=\"" + name + "\"");
        rule(lines, "ptrace (readby, tracedby)");
        rule(lines, "signal peer=\"" + name + "\"");
        rule(lines, "signal (receive)");
        section(lines, "Triggers and memory of the kernel.");
        PROC_FILES.forEach(file -> rule(lines, "deny /{,**/}" + file + " rwklx"));
    }

    private void kernel(List<String> lines) {
        section(lines, "Parameters of the kernel that are in no namespace.");
        GlobComplement.below("/{,**/}proc/sys/", NAMESPACED)
                .forEach(glob -> rule(lines, "deny " + glob + " wklx"));
        section(lines, "Devices, firmware and security of the host.");
        GlobComplement.below("/sys/", OWN_DEVICES)
                .forEach(glob -> rule(lines, "deny " + glob + " wklx"));
        rule(lines, "deny /sys/firmware/efi/efivars/** rwklx");
        rule(lines, "deny /sys/kernel/{debug,tracing}/** rwklx");
        if (!isNestable) {
            rule(lines, "deny /sys/kernel/security/** rwklx");
        }
    }

    /// Rules about paths are worth as much as the places where file systems can be mounted.
    private void mounts(List<String> lines) {
        section(lines, "File systems there is one of, and others where the rules above look.");
        rule(lines, "deny mount fstype=(" + SHARED_TYPES + ")");
        for (String target : GlobComplement.notEndingIn("proc/")) {
            rule(lines, "deny mount fstype=proc -> " + target);
            rule(lines, "deny mount " + BINDS + " /{,**/}proc/ -> " + target);
        }
        for (String target : GlobComplement.notEndingIn("proc/sys/")) {
            rule(lines, "deny mount " + BINDS + " /{,**/}proc/sys/ -> " + target);
        }
        // Those that are in a namespace are services' to bind on themselves, as systemd does.
        for (String source : GlobComplement.below("/{,**/}proc/sys/", NAMESPACED)) {
            rule(lines, "deny mount " + BINDS + " " + source + " -> /**");
        }
        rule(lines, "deny mount " + BINDS + " /{,**/}proc/sys/{fs,kernel}/ -> /**");
        for (String file : PROC_FILES) {
            for (String target : GlobComplement.notEndingIn(file)) {
                rule(lines, "deny mount " + BINDS + " /{,**/}" + file + " -> " + target);
            }
        }
        if (!isNestable) {
            for (String target : GlobComplement.notEndingIn("sys/")) {
                rule(lines, "deny mount fstype=sysfs -> " + target);
                rule(lines, "deny mount " + BINDS + " /sys/ -> " + target);
            }
        }
        rule(lines, "deny pivot_root /{,**/}proc/{,**}");
    }

    private static void section(List<String> lines, String title) {
        lines.add("");
        lines.add("  # " + title);
    }

    private static void rule(List<String> lines, String rule) {
        lines.add("  " + rule + ",");
    }
}
