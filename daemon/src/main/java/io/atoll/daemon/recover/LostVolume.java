package io.atoll.daemon.recover;

import io.atoll.base.ProjectName;
import java.util.List;

/// A volume in a pool that no record speaks of.
///
/// @param type as the API calls it
/// @param name of the instance or custom volume
/// @param snapshots how many it has
/// @param problems what has to be there before it can be recorded; empty if nothing is missing
/// @param recorder makes its records
public record LostVolume(
        String type,
        ProjectName project,
        String pool,
        String name,
        int snapshots,
        List<String> problems,
        Runnable recorder) {}
