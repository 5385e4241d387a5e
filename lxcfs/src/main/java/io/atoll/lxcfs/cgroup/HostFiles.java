package io.atoll.lxcfs.cgroup;

import java.util.List;
import java.util.Optional;

/// Reading of small kernel files by absolute path, so that tests can serve recorded trees. Nothing
/// here throws: what does not exist, may not be read, or belongs to a process that has just gone is
/// absent.
public interface HostFiles {
    /// The whole file.
    Optional<String> read(String path);

    /// Where a symbolic link points, as text.
    Optional<String> readLink(String path);

    /// Names of the directories in a directory; empty if there is none.
    List<String> directories(String path);
}
