package io.atoll.lxctools.nic;

import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import java.util.List;
import java.util.Optional;

/// As the host's name service says, by getent(1): not all users are in files.
final class HostAccounts implements Accounts {
    private static final int GID = 3;
    private static final int GROUP_ID = 2;

    @Override
    public Optional<User> find(long uid) {
        return fields("passwd", Long.toString(uid))
                .filter(words -> words[GROUP_ID].equals(Long.toString(uid)))
                .map(words -> new User(words[0], uid, Long.parseLong(words[GID])));
    }

    @Override
    public boolean isMember(User user, String group) {
        return fields("group", group)
                .filter(words ->
                        words[GROUP_ID].equals(Long.toString(user.gid()))
                                || List.of(words[GID].split(",")).contains(user.name()))
                .isPresent();
    }

    private static Optional<String[]> fields(String database, String key) {
        try {
            String line = Commands.run(Command.of("getent", database, "--", key)).text().strip();
            String[] words = line.split(":", -1);
            return words.length > GID ? Optional.of(words) : Optional.empty();
        } catch (CommandFailed _) {
            // There is none.
            return Optional.empty();
        }
    }
}
