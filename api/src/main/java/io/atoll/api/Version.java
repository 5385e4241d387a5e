package io.atoll.api;

/// The versions this program tells about itself.
public final class Version {
    /// The version of Atoll.
    public static final String ATOLL = "0.1.0";

    /// The version of LXD whose API this server speaks. Clients compare it (Juju refuses less than
    /// 5), so it is what `server_version` says.
    public static final String COMPATIBLE = "5.0.2";

    private Version() {}
}
