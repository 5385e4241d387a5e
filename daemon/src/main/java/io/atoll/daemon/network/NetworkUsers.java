package io.atoll.daemon.network;

import io.atoll.base.ProjectName;
import java.util.List;
import java.util.Set;

/// Who attaches to networks besides profiles: the instances.
public interface NetworkUsers {
    /// The URLs of the users of a network or host interface, with `?project=` where needed.
    List<String> usersOf(String network);

    /// The hardware addresses, in small letters, of a project's interfaces at a network.
    Set<String> cardsOf(ProjectName project, String network);
}
