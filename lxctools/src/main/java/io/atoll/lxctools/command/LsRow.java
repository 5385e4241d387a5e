package io.atoll.lxctools.command;

import io.atoll.runtime.lxc.LxcContainer;
import io.atoll.runtime.lxc.LxcState;
import java.util.ArrayList;
import java.util.List;

/// One container of a listing.
///
/// @param level how many containers it is inside of
/// @param isOldStyle true to show autostart as LXC 1.0 did
record LsRow(LxcContainer container, LxcState state, int level, boolean isOldStyle) {
    boolean isRunning() {
        return state != LxcState.STOPPED;
    }

    String shownName() {
        return "\\".repeat(level) + container.name();
    }

    List<String> groups() {
        List<String> all = new ArrayList<>();
        for (String value : container.config().all("lxc.group")) {
            for (String word : value.split("[\\s,]+")) {
                if (!word.isEmpty()) {
                    all.add(word);
                }
            }
        }
        return all;
    }
}
