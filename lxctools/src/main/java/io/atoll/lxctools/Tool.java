package io.atoll.lxctools;

import java.io.IOException;

/// One `lxc-*` command.
public interface Tool {
    /// What it is called with.
    ToolSpec spec();

    /// Does it.
    ///
    /// @return its exit status
    /// @throws ToolException to end with another status and a sentence
    /// @throws io.atoll.base.DomainException to end with status 1 and its message
    int run(Call call) throws IOException;

    /// Shows the help.
    ///
    /// @return the exit status
    default int help(Call call) {
        call.note(call.help().stripTrailing());
        return 0;
    }
}
