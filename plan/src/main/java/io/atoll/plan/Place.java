package io.atoll.plan;

import java.nio.charset.StandardCharsets;

/// Where a step works. The kinds differ in who may have written the path's components on disk, and
/// so in how they are resolved.
public sealed interface Place {
    /// Stands where a step allows that there is no place.
    Place NONE = new Nowhere();

    /// No place.
    record Nowhere() implements Place {}

    /// An absolute path that only the host's root can change; resolved as usual. After `PivotRoot`
    /// in the child it would mean the container's files, where links lead anywhere: use [InRoot]
    /// there.
    record HostPath(String path) implements Place {
        public HostPath {
            checkPath(path);
            if (!path.startsWith("/")) {
                throw new InvalidPlanException("host path is not absolute: " + path);
            }
        }
    }

    /// The descriptor in the slot itself: a detached mount, an open file.
    record InSlot(Slot slot) implements Place {
        public InSlot {
            checkFilled(slot);
        }
    }

    /// A path below the directory in a slot, whose content a container may control. Resolved by
    /// `openat2` with `RESOLVE_IN_ROOT` and `RESOLVE_NO_MAGICLINKS`: links stay inside.
    record InRoot(Slot slot, String path) implements Place {
        public InRoot {
            checkFilled(slot);
            checkPath(path);
        }
    }

    /// As [InRoot], but any link on the way is an error: `RESOLVE_BENEATH` and
    /// `RESOLVE_NO_SYMLINKS`.
    record Beneath(Slot slot, String path) implements Place {
        public Beneath {
            checkFilled(slot);
            checkPath(path);
        }
    }

    /// A file of the child in the host's `/proc`; only in section *gate*.
    record ChildProc(String path) implements Place {
        public ChildProc {
            checkPath(path);
        }
    }

    /// @see HostPath
    static Place host(String path) {
        return new HostPath(path);
    }

    /// @see InSlot
    static Place slot(Slot slot) {
        return new InSlot(slot);
    }

    /// @see InRoot
    static Place in(Slot slot, String path) {
        return new InRoot(slot, path);
    }

    /// @see Beneath
    static Place beneath(Slot slot, String path) {
        return new Beneath(slot, path);
    }

    /// @see ChildProc
    static Place childProc(String path) {
        return new ChildProc(path);
    }

    private static void checkPath(String path) {
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw new InvalidPlanException("path is empty or holds a NUL byte");
        }
        if (path.getBytes(StandardCharsets.UTF_8).length > PlanLimits.PATH_BYTES_MAX) {
            throw new InvalidPlanException(
                    "path is longer than " + PlanLimits.PATH_BYTES_MAX + " bytes");
        }
    }

    private static void checkFilled(Slot slot) {
        if (slot.isNone()) {
            throw new InvalidPlanException("a place needs a slot");
        }
    }
}
