package io.atoll.cli;

/// Which Atoll this is.
public final class Version {
    public static final String TEXT = "0.1.0";

    private Version() {}

    /// What a program says its version is. The drop-in names say that of the programs whose place
    /// they take: scripts compare it.
    public static String of(String program) {
        return program.equals("lxc") || program.equals("lxd")
                ? io.atoll.api.Version.COMPATIBLE
                : TEXT;
    }
}
