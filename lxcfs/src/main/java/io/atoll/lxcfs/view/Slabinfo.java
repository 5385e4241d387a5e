package io.atoll.lxcfs.view;

/// /proc/slabinfo as a container sees it: the two header lines. The kernel's slabs are the host's;
/// cgroups stopped listing their own in Linux 5.9.
public final class Slabinfo {
    private Slabinfo() {}

    /// Renders the container's file from the host's.
    public static String render(String host) {
        int first = host.indexOf('\n');
        int second = first < 0 ? -1 : host.indexOf('\n', first + 1);
        return second < 0 ? host : host.substring(0, second + 1);
    }
}
