package io.atoll.daemon.project;

import io.atoll.base.ByteSize;
import io.atoll.base.ForbiddenException;
import io.atoll.base.InvalidConfigException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How much all things in a project may use together. Pure.
///
/// What counts is what is configured, not what is used: an instance in a project with a limit must
/// say how much of it it takes.
final class ProjectLimits {
    private final Project project;

    ProjectLimits(Project project) {
        this.project = project;
    }

    /// @throws ForbiddenException for the first limit that these things exceed
    void check(List<ProjectMember> members) {
        long instances = count(members, ProjectMember.Instance.class);
        checkCount(ProjectKey.LIMIT_CONTAINERS, instances, "instances of type \"container\"");
        checkCount(ProjectKey.LIMIT_INSTANCES, instances, "instances");
        checkCount(
                ProjectKey.LIMIT_NETWORKS, count(members, ProjectMember.Network.class), "networks");
        for (ProjectKey key :
                List.of(
                        ProjectKey.LIMIT_CPU,
                        ProjectKey.LIMIT_DISK,
                        ProjectKey.LIMIT_MEMORY,
                        ProjectKey.LIMIT_PROCESSES)) {
            Optional<String> limit = project.text(key);
            if (limit.isPresent() && sum(key, members) > amount(key, limit.get())) {
                throw new ForbiddenException(
                        "Reached maximum aggregate value \""
                                + limit.get()
                                + "\" for \""
                                + key.key()
                                + "\" in project \""
                                + project.name()
                                + "\"");
            }
        }
    }

    private static long count(List<ProjectMember> members, Class<? extends ProjectMember> kind) {
        return members.stream().filter(kind::isInstance).count();
    }

    /// As [#check], for limits that are new.
    ///
    /// @throws ForbiddenException if there are more things than the limits would allow
    void checkCountsAgainst(List<ProjectMember> members) {
        for (ProjectKey key :
                List.of(
                        ProjectKey.LIMIT_CONTAINERS,
                        ProjectKey.LIMIT_INSTANCES,
                        ProjectKey.LIMIT_NETWORKS)) {
            long limit = limit(key);
            long count = usage(key, members);
            if (limit >= 0 && count > limit) {
                String what = key == ProjectKey.LIMIT_INSTANCES ? "total instances" : word(key);
                throw new ForbiddenException(
                        "Can't change "
                                + key.key()
                                + " in project \""
                                + project.name()
                                + "\": \""
                                + key.key()
                                + "\" is too low: there currently are "
                                + count
                                + " "
                                + what
                                + " in project \""
                                + project.name()
                                + "\"");
            }
        }
    }

    private static String word(ProjectKey key) {
        return key.key().substring("limits.".length());
    }

    private void checkCount(ProjectKey key, long count, String what) {
        Optional<String> limit = project.text(key);
        if (limit.isPresent() && count > Long.parseLong(limit.get())) {
            throw new ForbiddenException(
                    "Reached maximum number of " + what + " in project \"" + project.name() + "\"");
        }
    }

    /// The limit in its unit: bytes or a number; -1 where there is none.
    long limit(ProjectKey key) {
        return project.text(key).map(text -> amount(key, text)).orElse(-1L);
    }

    /// What these things take of a limit; things that do not say count as nothing.
    long usage(ProjectKey key, List<ProjectMember> members) {
        return switch (key) {
            case LIMIT_CONTAINERS, LIMIT_INSTANCES -> count(members, ProjectMember.Instance.class);
            case LIMIT_NETWORKS -> count(members, ProjectMember.Network.class);
            case LIMIT_MACHINES -> 0;
            default -> {
                long sum = 0;
                for (ProjectMember member : members) {
                    sum += text(key, member).map(t -> amountOr0(key, t)).orElse(0L);
                }
                yield sum;
            }
        };
    }

    private static long amountOr0(ProjectKey key, String text) {
        try {
            return amount(key, text);
        } catch (InvalidConfigException _) {
            return 0;
        }
    }

    private long sum(ProjectKey key, List<ProjectMember> members) {
        long sum = 0;
        for (ProjectMember member : members) {
            if (!counts(key, member)) {
                continue;
            }
            String text = text(key, member).orElseThrow(() -> missing(key, member));
            sum = Math.addExact(sum, amountOf(key, member, text));
        }
        return sum;
    }

    private static boolean counts(ProjectKey key, ProjectMember member) {
        return member instanceof ProjectMember.Instance
                || (member instanceof ProjectMember.Volume && key == ProjectKey.LIMIT_DISK);
    }

    private ForbiddenException missing(ProjectKey key, ProjectMember member) {
        if (member instanceof ProjectMember.Volume) {
            return new ForbiddenException(
                    "Custom volume \""
                            + member.name()
                            + "\" in project \""
                            + project.name()
                            + "\" has no \"size\" config set");
        }
        return new ForbiddenException(
                "Instance \""
                        + member.name()
                        + "\" in project \""
                        + project.name()
                        + "\" has no \""
                        + (key == ProjectKey.LIMIT_DISK ? "size" : key.key())
                        + "\" config, either directly or via a profile");
    }

    private static Optional<String> text(ProjectKey key, ProjectMember member) {
        Optional<String> text =
                switch (member) {
                    case ProjectMember.Instance instance ->
                            key == ProjectKey.LIMIT_DISK
                                    ? rootSize(instance.devices())
                                    : Optional.ofNullable(instance.config().get(key.key()));
                    case ProjectMember.Volume volume ->
                            key == ProjectKey.LIMIT_DISK
                                    ? Optional.of(volume.size())
                                    : Optional.empty();
                    case ProjectMember.Profile _, ProjectMember.Network _ -> Optional.empty();
                };
        return text.filter(t -> !t.isEmpty());
    }

    private static Optional<String> rootSize(Map<String, Map<String, String>> devices) {
        return devices.values().stream()
                .filter(d -> d.getOrDefault("type", "").equals("disk"))
                .filter(d -> d.getOrDefault("path", "").equals("/"))
                .map(d -> d.getOrDefault("size", ""))
                .findFirst();
    }

    private long amountOf(ProjectKey key, ProjectMember member, String text) {
        try {
            return amount(key, text);
        } catch (InvalidConfigException e) {
            throw new ForbiddenException(
                    "Parse \""
                            + key.key()
                            + "\" for instance \""
                            + member.name()
                            + "\" in project \""
                            + project.name()
                            + "\": "
                            + e.getMessage());
        }
    }

    private static long amount(ProjectKey key, String text) {
        if (key == ProjectKey.LIMIT_DISK || key == ProjectKey.LIMIT_MEMORY) {
            if (text.endsWith("%")) {
                throw new InvalidConfigException(
                        "Value for \"" + key.key() + "\" can't be a percentage");
            }
            return ByteSize.parse(text).bytes();
        }
        if (!text.matches("\\d{1,18}")) {
            throw new InvalidConfigException(
                    "Value for \"" + key.key() + "\" must be a plain number, not \"" + text + "\"");
        }
        return Long.parseLong(text);
    }
}
