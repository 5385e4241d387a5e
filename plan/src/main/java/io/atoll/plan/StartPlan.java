package io.atoll.plan;

import java.util.List;

/// Starts one container and says what its monitor does until it is gone.
///
/// @param monitor see [Section#MONITOR]
/// @param host see [Section#HOST]
/// @param spawn how the child is made
/// @param gate see [Section#GATE]
/// @param child see [Section#CHILD]
/// @param init the container's first program
/// @param gone see [Section#GONE]
/// @param adopt see [Section#ADOPT]
/// @param restore see [Section#RESTORE]; empty to start
public record StartPlan(
        String name,
        MonitorOptions options,
        List<Step> monitor,
        List<Step> host,
        CloneSpec spawn,
        List<Step> gate,
        List<Step> child,
        Init init,
        List<Step> gone,
        List<Step> adopt,
        List<Step> restore)
        implements Plan {
    public StartPlan {
        Checks.name(name);
        monitor = Checks.steps(monitor, Section.MONITOR);
        host = Checks.steps(host, Section.HOST);
        gate = Checks.steps(gate, Section.GATE);
        child = Checks.steps(child, Section.CHILD);
        gone = Checks.steps(gone, Section.GONE);
        adopt = Checks.steps(adopt, Section.ADOPT);
        restore = Checks.steps(restore, Section.RESTORE);
    }

    @Override
    public List<Step> steps(Section section) {
        return switch (section) {
            case MONITOR -> monitor;
            case HOST -> host;
            case GATE -> gate;
            case CHILD -> child;
            case GONE -> gone;
            case ADOPT -> adopt;
            case RESTORE -> restore;
            case CLONE, INIT -> List.of();
        };
    }
}
