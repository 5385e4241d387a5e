package io.atoll.daemon.profile;

import io.atoll.base.InvalidConfigException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.project.ProjectMember;
import io.atoll.daemon.store.Batch;
import java.util.List;
import java.util.Map;

/// Who uses profiles: the instances. They know which keys and devices are right, and follow
/// changes.
public interface ProfileUsers {
    /// The URLs of the users of a profile, with `?project=` where needed.
    List<String> usersOf(ProjectName project, String profile);

    /// Refuses configuration or devices that no instance could take.
    ///
    /// @throws InvalidConfigException with LXD's words
    void check(ProjectName owner, Profile profile);

    /// Adds to the batch that gives a profile another name that its users call it so.
    void rename(Batch batch, ProjectName owner, String profile, String fresh);

    /// What the users of a profile would be with it, by the project that they are in.
    Map<ProjectName, List<ProjectMember>> membersWith(ProjectName project, Profile next);

    /// The profile has changed: apply it to the running users.
    ///
    /// @return a line for each user that does not follow, with the reason
    List<String> changed(ProjectName project, Profile before, Profile after);
}
