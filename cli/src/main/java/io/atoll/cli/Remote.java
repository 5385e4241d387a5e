package io.atoll.cli;

/// A server in the user's list, as `config.yml` has it.
///
/// @param address `unix://`, `unix:///path` or `https://host:port`
/// @param protocol `lxd`, `simplestreams`, `oci`, or empty for the first
/// @param authType empty for what fits the address
/// @param project the project to use there; empty for the server's default
/// @param isStatic built in: it cannot be removed
public record Remote(
        String name,
        String address,
        String protocol,
        String authType,
        String project,
        boolean isPublic,
        boolean isStatic) {
    /// Any registry: images there are named with their host in front, as in
    /// `oci:ghcr.io/team/app:1`. It is not shown in lists, where LXD's client would meet it.
    public static final Remote OCI = new Remote("oci", "", "oci", "none", "", true, true);

    /// Whether it has images and nothing else.
    public boolean hasImagesOnly() {
        return !isLocal()
                && (effectiveProtocol().equals("simplestreams")
                        || effectiveProtocol().equals("oci"));
    }

    /// Whether it is reached through a unix socket.
    public boolean isLocal() {
        return address.startsWith("unix:");
    }

    /// The protocol it speaks.
    public String effectiveProtocol() {
        return protocol.isEmpty() ? "lxd" : protocol;
    }

    /// How it knows who we are.
    public String effectiveAuthType() {
        if (isLocal()) {
            return "file access";
        }
        if (hasImagesOnly()) {
            return "none";
        }
        return authType.isEmpty() ? "tls" : authType;
    }

    /// The same server under another name.
    public Remote renamed(String newName) {
        return new Remote(newName, address, protocol, authType, project, isPublic, false);
    }

    /// The same server, where commands speak about another project.
    public Remote withProject(String newProject) {
        return new Remote(name, address, protocol, authType, newProject, isPublic, false);
    }

    /// The same name for another server.
    public Remote movedTo(String newAddress) {
        return new Remote(name, newAddress, protocol, authType, project, isPublic, false);
    }
}
