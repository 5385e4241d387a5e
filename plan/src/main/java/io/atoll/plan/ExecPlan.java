package io.atoll.plan;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Runs one command in a running container. Its starter is born in `cgroup` (if given), runs *host*
/// (entering version 1 cgroups, opening what is needed of the host), enters the namespaces and
/// makes the process that runs *child* and becomes the command.
///
/// @param target the slot of the init's pidfd; the requester fills it
/// @param namespaces which namespaces of it to enter
/// @param cgroup a cgroup2 directory for `CLONE_INTO_CGROUP`, or [Slot#NONE]; the requester fills
///   it
/// @param killWithRequester the command gets SIGKILL when the connection that asked for it ends
public record ExecPlan(
        String name,
        Slot target,
        Set<Namespace> namespaces,
        Slot cgroup,
        boolean killWithRequester,
        List<Step> host,
        List<Step> child,
        Init init)
        implements Plan {
    public ExecPlan {
        Checks.name(name);
        EnumSet<Namespace> copy = EnumSet.noneOf(Namespace.class);
        copy.addAll(namespaces);
        namespaces = Collections.unmodifiableSet(copy);
        host = Checks.steps(host, Section.HOST);
        child = Checks.steps(child, Section.CHILD);
        if (child.contains(new Step.AwaitGate())) {
            throw new InvalidPlanException("an exec plan has no gate");
        }
    }

    @Override
    public List<Step> steps(Section section) {
        return switch (section) {
            case HOST -> host;
            case CHILD -> child;
            case MONITOR, CLONE, GATE, INIT, GONE, ADOPT, RESTORE -> List.of();
        };
    }
}
