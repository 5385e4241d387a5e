package io.atoll.cli;

/// A thing named on the command line: `[<remote>:]<name>`.
///
/// @param remote the remote's name
/// @param name what stands after the colon; may be empty
public record Ref(String remote, String name) {
    /// The part before the first slash: the instance of `c1/snap0`.
    public String parent() {
        int slash = name.indexOf('/');
        return slash < 0 ? name : name.substring(0, slash);
    }

    /// The part after the first slash; empty if there is none.
    public String child() {
        int slash = name.indexOf('/');
        return slash < 0 ? "" : name.substring(slash + 1);
    }

    public boolean hasChild() {
        return name.indexOf('/') >= 0;
    }
}
