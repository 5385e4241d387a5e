package io.atoll.daemon.project;

import io.atoll.base.ForbiddenException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// What a restricted project keeps its instances and profiles from. Pure.
final class Restrictions {
    /// Keys that reach past what LXD itself promises about an instance.
    private static final Pattern LOWLEVEL =
            Pattern.compile(
                    "boot\\.host_shutdown_timeout"
                            + "|linux\\.kernel_modules"
                            + "|limits\\.memory\\.swap"
                            + "|raw\\..+"
                            + "|security\\.devlxd\\.images"
                            + "|security\\.idmap\\.(base|size)"
                            + "|linux\\.sysctl\\..+"
                            + "|limits\\.kernel\\..+"
                            + "|nvidia\\..+"
                            + "|environment\\.(LD_.+)");

    private static final String INTERCEPT = "security.syscalls.intercept.";

    private static final Map<String, String> FORBIDDEN_DEVICES =
            Map.of(
                    "gpu", "GPU devices are forbidden",
                    "infiniband", "Infiniband devices are forbidden",
                    "pci", "PCI devices are forbidden",
                    "proxy", "Proxy devices are forbidden",
                    "tpm", "TPM devices are forbidden",
                    "unix-block", "Unix block devices are forbidden",
                    "unix-char", "Unix character devices are forbidden",
                    "unix-hotplug", "Unix hotplug devices are forbidden",
                    "usb", "USB devices are forbidden");

    private final Project project;

    Restrictions(Project project) {
        this.project = project;
    }

    /// The value that is in force; empty if the project is not restricted.
    Optional<String> value(ProjectKey key) {
        if (!project.isOn(ProjectKey.RESTRICTED)) {
            return Optional.empty();
        }
        return Optional.of(project.text(key).orElse(key.unset()));
    }

    /// The only networks to be used; empty if the project does not say.
    Optional<Set<String>> networks() {
        return value(ProjectKey.NETWORKS_ACCESS)
                .filter(names -> !names.isEmpty())
                .map(names -> Set.of(names.strip().split("\\s*,\\s*")));
    }

    private boolean isBlocked(ProjectKey key) {
        return value(key).filter("block"::equals).isPresent();
    }

    /// @param what what would be made, as messages call it
    /// @throws ForbiddenException if the project does not let such things be made
    void checkMaking(ProjectKey key, String what) {
        if (isBlocked(key)) {
            throw new ForbiddenException(
                    "Project " + project.name() + " doesn't allow for " + what + " creation");
        }
    }

    /// @throws ForbiddenException if the zone is neither listed nor below one that is
    void checkZone(String zone) {
        if (!project.isOn(ProjectKey.RESTRICTED)) {
            return;
        }
        String listed = project.text(ProjectKey.NETWORKS_ZONES).orElse("");
        for (String allowed : listed.split(",")) {
            String end = allowed.strip();
            if (!end.isEmpty() && (zone.equals(end) || zone.endsWith("." + end))) {
                return;
            }
        }
        throw new ForbiddenException("Project isn't allowed to use this DNS zone");
    }

    /// @throws ForbiddenException if the project forbids something about it
    void check(ProjectMember member) {
        if (!project.isOn(ProjectKey.RESTRICTED)) {
            return;
        }
        switch (member) {
            case ProjectMember.Instance(var _, var config, var devices) ->
                    check(member, config, devices);
            case ProjectMember.Profile(var _, var config, var devices) ->
                    check(member, config, devices);
            case ProjectMember.Volume _, ProjectMember.Network _ -> {}
        }
    }

    private void check(
            ProjectMember member,
            Map<String, String> config,
            Map<String, Map<String, String>> devices) {
        config.forEach((key, value) -> {
            if (!value.isEmpty()) {
                checkKey(member, key, value);
            }
        });
        boolean isInstance = member instanceof ProjectMember.Instance;
        if (isInstance
                && value(ProjectKey.PRIVILEGE).filter("isolated"::equals).isPresent()
                && !ProjectKey.isTrue(config.getOrDefault("security.idmap.isolated", ""))) {
            throw bad(
                    member, "security.idmap.isolated", "", "Non-isolated containers are forbidden");
        }
        devices.forEach((name, device) ->
                problem(device)
                        .ifPresent(why -> {
                            throw new ForbiddenException(
                                    "Invalid device \""
                                            + name
                                            + "\" on "
                                            + of(member)
                                            + ": "
                                            + why);
                        }));
    }

    private String of(ProjectMember member) {
        return member.label() + " \"" + member.name() + "\" of project \"" + project.name() + "\"";
    }

    private ForbiddenException bad(ProjectMember member, String key, String value, String why) {
        return new ForbiddenException(
                "Invalid value \""
                        + value
                        + "\" for config \""
                        + key
                        + "\" on "
                        + of(member)
                        + ": "
                        + why);
    }

    private void checkKey(ProjectMember member, String key, String value) {
        boolean isOn = ProjectKey.isTrue(value);
        if (key.equals("security.nesting") && isOn && isBlocked(ProjectKey.NESTING)) {
            throw bad(member, key, value, "Container nesting is forbidden");
        }
        if (key.equals("security.privileged")
                && isOn
                && value(ProjectKey.PRIVILEGE).filter("allow"::equals).isEmpty()) {
            throw bad(member, key, value, "Privileged containers are forbidden");
        }
        if (key.startsWith(INTERCEPT) && isOn && !mayIntercept(key)) {
            throw bad(member, key, value, "Container syscall interception is forbidden");
        }
        if (key.equals("raw.idmap") && hasIdRanges()) {
            checkIdmap(member, value);
            return;
        }
        if (LOWLEVEL.matcher(key).matches() && isBlocked(ProjectKey.LOWLEVEL)) {
            throw new ForbiddenException(
                    "Use of low-level config \"" + key + "\" on " + of(member) + " is forbidden");
        }
    }

    /// `allow` is for the interceptions that do little harm; mounting is not one of them.
    private boolean mayIntercept(String key) {
        String rule = value(ProjectKey.INTERCEPTION).orElse("full");
        boolean isMount = key.startsWith(INTERCEPT + "mount");
        return rule.equals("full") || (rule.equals("allow") && !isMount);
    }

    private boolean hasIdRanges() {
        return project.text(ProjectKey.IDMAP_UID).isPresent()
                || project.text(ProjectKey.IDMAP_GID).isPresent();
    }

    private void checkIdmap(ProjectMember member, String text) {
        for (String line : text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList()) {
            String[] words = line.split("\\s+");
            List<ProjectKey> kinds =
                    switch (words[0]) {
                        case "uid" -> List.of(ProjectKey.IDMAP_UID);
                        case "gid" -> List.of(ProjectKey.IDMAP_GID);
                        default -> List.of(ProjectKey.IDMAP_UID, ProjectKey.IDMAP_GID);
                    };
            IdRanges host = IdRanges.parse(words.length > 1 ? words[1] : "");
            for (ProjectKey kind : kinds) {
                boolean isIn =
                        project.text(kind)
                                .map(IdRanges::parse)
                                .filter(r -> host.ranges().stream().allMatch(r::holds))
                                .isPresent();
                if (!isIn) {
                    throw bad(member, "raw.idmap", text, "Ids outside of \"" + kind.key() + "\"");
                }
            }
        }
    }

    private Optional<String> problem(Map<String, String> device) {
        String type = device.getOrDefault("type", "");
        return switch (type) {
            case "disk" -> diskProblem(device);
            case "nic" -> nicProblem(device);
            default ->
                    ProjectKey.find("restricted.devices." + type)
                            .filter(this::isBlocked)
                            .flatMap(_ -> Optional.ofNullable(FORBIDDEN_DEVICES.get(type)));
        };
    }

    /// The root disk is always there; a file system in memory is nobody's.
    private Optional<String> diskProblem(Map<String, String> device) {
        String path = device.getOrDefault("path", "");
        String source = device.getOrDefault("source", "");
        boolean isOwn = path.equals("/") && source.isEmpty() || source.startsWith("tmpfs:");
        if (isOwn || source.equals("tmpfs")) {
            return Optional.empty();
        }
        boolean hasPool = !device.getOrDefault("pool", "").isEmpty();
        return switch (value(ProjectKey.DISK).orElse("allow")) {
            case "block" -> Optional.of("Disk devices are forbidden");
            case "managed" ->
                    hasPool
                            ? Optional.empty()
                            : Optional.of("Attaching disks not backed by a pool is forbidden");
            default -> hasPool ? Optional.empty() : hostPathProblem(source, device);
        };
    }

    /// Where owners are shown as they are, root inside writes files of the host's root: a program
    /// that is set-user-ID is one step from there.
    private Optional<String> hostPathProblem(String source, Map<String, String> device) {
        if (!isBelowPaths(source)) {
            return Optional.of("Disk source path \"" + source + "\" not allowed");
        }
        boolean isUnshifted =
                Set.of("false", "0", "no", "off")
                        .contains(device.getOrDefault("shift", "").toLowerCase(Locale.ROOT));
        return project.text(ProjectKey.DISK_PATHS).isEmpty() || isUnshifted
                ? Optional.empty()
                : Optional.of("\"shift\" must be \"false\" where source paths are restricted");
    }

    private boolean isBelowPaths(String source) {
        Optional<String> paths = project.text(ProjectKey.DISK_PATHS);
        if (paths.isEmpty()) {
            return true;
        }
        java.nio.file.Path wanted = java.nio.file.Path.of(source).normalize();
        for (String path : paths.get().split(",")) {
            if (wanted.startsWith(java.nio.file.Path.of(path.strip()).normalize())) {
                return true;
            }
        }
        return false;
    }

    private Optional<String> nicProblem(Map<String, String> device) {
        String network = device.getOrDefault("network", "");
        String parent = device.getOrDefault("parent", "");
        String link = network.isEmpty() ? parent : network;
        if (!link.isEmpty() && networks().filter(names -> !names.contains(link)).isPresent()) {
            return Optional.of("Network not allowed in project");
        }
        return switch (value(ProjectKey.NIC).orElse("allow")) {
            case "block" -> Optional.of("Network devices are forbidden");
            case "managed" -> managedNicProblem(device);
            default -> Optional.empty();
        };
    }

    /// A network says how it is used. Routes of one's own, or a device that makes some, would turn
    /// traffic of the host and of others to the instance.
    private static Optional<String> managedNicProblem(Map<String, String> device) {
        if (device.getOrDefault("network", "").isEmpty()
                || !Set.of("", "bridged").contains(device.getOrDefault("nictype", ""))) {
            return Optional.of("Only managed network devices are allowed");
        }
        if (!device.getOrDefault("host_name", "").isEmpty()) {
            return Optional.of("Names of interfaces of the host are forbidden");
        }
        for (Map.Entry<String, String> option : device.entrySet()) {
            if (option.getKey().matches("ipv[46]\\.routes(\\..+)?")
                    && !option.getValue().isEmpty()) {
                return Optional.of("Routes are forbidden (\"" + option.getKey() + "\")");
            }
        }
        return Optional.empty();
    }
}
