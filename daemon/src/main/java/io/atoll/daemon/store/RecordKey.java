package io.atoll.daemon.store;

import io.atoll.base.ProjectName;

/// Where a record of some kind lives. Records that belong to no project have the empty one.
public record RecordKey(String project, String name) implements Comparable<RecordKey> {
    public static RecordKey of(ProjectName project, String name) {
        return new RecordKey(project.value(), name);
    }

    /// The key of a server-wide record.
    public static RecordKey global(String name) {
        return new RecordKey("", name);
    }

    @Override
    public int compareTo(RecordKey other) {
        int byProject = project.compareTo(other.project);
        return byProject != 0 ? byProject : name.compareTo(other.name);
    }
}
