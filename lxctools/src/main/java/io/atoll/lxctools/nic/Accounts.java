package io.atoll.lxctools.nic;

import java.util.Optional;

/// Who the users and groups of the host are.
interface Accounts {
    /// The user of that number.
    Optional<User> find(long uid);

    /// True if a user is in the group of that name, which may not exist.
    boolean isMember(User user, String group);

    /// @param gid the user's first group
    record User(String name, long uid, long gid) {}
}
