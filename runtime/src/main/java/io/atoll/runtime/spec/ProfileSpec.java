package io.atoll.runtime.spec;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// An AppArmor profile that a start loads for one container and its end removes.
///
/// @param name of the profile, unique on the host
/// @param text of the profile, in the parser's language
/// @param parser apparmor_parser(8)
/// @param file where the text is written before the container starts
/// @param cache directory for what the parser makes of it
/// @param policy the kernel's directory of profiles, `/sys/kernel/security/apparmor`
/// @param namespace a policy namespace of the container's own, in which it is root and confined by
///   nothing but what confines it outside
public record ProfileSpec(
        String name,
        String text,
        Path parser,
        Path file,
        Path cache,
        Path policy,
        Optional<String> namespace) {
    /// What init is labelled with.
    public String label() {
        return namespace.map(ns -> name + "//&:" + ns + ":").orElse(name);
    }

    /// What puts the file's text in force, also for processes that are confined already.
    public List<String> loadCommand() {
        return List.of(
                parser.toString(),
                "--replace",
                "--write-cache",
                "--cache-loc",
                cache.toString(),
                file.toString());
    }

    /// The namespace's directory.
    public Optional<Path> namespaceDirectory() {
        return namespace.map(policy.resolve("policy/namespaces")::resolve);
    }
}
