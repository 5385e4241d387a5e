package io.atoll.daemon.network;

import java.util.List;

/// Who attaches to networks besides profiles: the instances.
@FunctionalInterface
public interface NetworkUsers {
    /// The URLs of the users of a network or host interface, with `?project=` where needed.
    List<String> usersOf(String network);
}
