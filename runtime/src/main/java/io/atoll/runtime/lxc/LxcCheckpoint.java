package io.atoll.runtime.lxc;

import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.runtime.criu.Checkpoint;
import io.atoll.runtime.criu.Criu;
import io.atoll.runtime.spec.ContainerSpec;
import java.nio.file.Path;
import java.util.Optional;

/// Writes the processes of a running container to disk, by CRIU. [LxcContainer#restore] brings them
/// back.
///
/// @param directory for the images; made if missing
/// @param isStopping true to end the container when it is written
/// @param isPreDump true to write memory only, while it runs on
/// @param isVerbose true to let CRIU log everything
/// @param script CRIU's action script
/// @param before images of an earlier pre-dump
public record LxcCheckpoint(
        Path directory,
        boolean isStopping,
        boolean isPreDump,
        boolean isVerbose,
        Optional<String> script,
        Optional<Path> before) {
    /// Does it. Blocks.
    ///
    /// @throws UnsupportedException if CRIU does not work here
    /// @throws PreconditionFailedException if it could not be restored later
    /// @throws UnavailableException with CRIU's own last words if it fails; the container runs on
    ///   then, and nothing but the log is left of it
    public void run(LxcContainer container) {
        Criu.require();
        ContainerSpec spec = container.spec();
        if (spec.devices().ttyCount() > 0) {
            throw new PreconditionFailedException(
                    "checkpointing needs lxc.tty.max = 0 in the configuration of "
                            + container.name()
                            + ": terminals other than the console that lead out of it cannot be"
                            + " restored");
        }
        new Checkpoint(directory, isStopping, isPreDump, isVerbose, script, before)
                .run(container.name(), container.mustRun(), spec);
    }
}
