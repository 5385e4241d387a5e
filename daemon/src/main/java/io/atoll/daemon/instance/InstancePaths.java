package io.atoll.daemon.instance;

import io.atoll.runtime.apparmor.ProfileText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Where files about instances are on the host.
///
/// @param stateDir of the daemon, such as `/var/lib/atoll`
public record InstancePaths(Path stateDir) {
    /// Leaves room for `/sock` in the 107 bytes of a socket's address.
    private static final int SOCKET_DIRECTORY_MAX = 100;

    private static final Path USUAL = Path.of("/var/lib/atoll");

    /// Logs of all instances.
    public Path logs() {
        return stateDir.resolve("logs");
    }

    Path logs(InstanceRecord instance) {
        return logs().resolve(instance.hostWideName());
    }

    /// Makes the directory of an instance's logs, readable by root only: programs print secrets.
    Path makeLogs(InstanceRecord instance) throws IOException {
        Path dir = logs(instance);
        if (!Files.isDirectory(dir)) {
            Files.createDirectories(
                    dir,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
        return dir;
    }

    /// Texts of AppArmor profiles and what the parser made of them.
    Path profiles() {
        return stateDir.resolve("security/apparmor");
    }

    /// The name of an instance's AppArmor profile, and of its policy namespace.
    String profile(InstanceRecord instance) {
        return ProfileText.name("atoll-" + instance.hostWideName(), stateDir, USUAL);
    }

    /// Notes about the devices of running instances.
    Path devices() {
        return stateDir.resolve("devices");
    }

    /// Archives of instances.
    Path backups() {
        return stateDir.resolve("backups/instances");
    }

    /// What an instance sees as `/dev/lxd`. The name is short where the socket's would get too long
    /// for an address.
    public Path devlxd(InstanceRecord instance) {
        Path all = stateDir.resolve("devlxd");
        Path usual = all.resolve(instance.hostWideName());
        boolean fits = usual.toString().length() < SOCKET_DIRECTORY_MAX;
        return fits ? usual : all.resolve(hash(instance.hostWideName()));
    }

    Path consoleLog(InstanceRecord instance) {
        return logs(instance).resolve("console.log");
    }

    /// Where the cgroups of our instances are below the root of each hierarchy. Daemons with other
    /// state directories have other ones, since instances of the same name may exist in each.
    public String cgroups() {
        Path dir = stateDir.toAbsolutePath().normalize();
        return dir.equals(USUAL) ? "atoll" : "atoll-" + hash(dir.toString());
    }

    String cgroup(InstanceRecord instance) {
        return cgroups() + "/" + instance.hostWideName();
    }

    private static String hash(String text) {
        try {
            byte[] all =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(all, 0, 4);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
