package io.atoll.network;

import io.atoll.linux.ProcFiles;
import io.atoll.linux.WholeFile;
import io.atoll.linux.net.IpNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The names of network cards that never ask for an address, because they have it from us: a DNS
/// that hears of leases does not know them. One file for each card, `dnsmasq.names/KEY`, with a
/// line as in hosts(5), which dnsmasq reads as it appears. Not thread-safe.
final class GivenNames {
    private final Path directory;

    /// @param network the network's directory
    GivenNames(Path network) {
        this.directory = directory(network);
    }

    static Path directory(Path network) {
        return network.resolve("dnsmasq.names");
    }

    /// @return whether something else was known of the card
    boolean put(String key, String name, InetAddress address, String domain) {
        StaticHost.checkKey(key);
        return write(key, line(IpNetwork.text(address), name, domain));
    }

    /// The long name first: it is the one that the address leads back to.
    private static String line(String address, String name, String domain) {
        return domain.isEmpty()
                ? address + " " + name + "\n"
                : address + " " + name + "." + domain + " " + name + "\n";
    }

    private boolean write(String key, String line) {
        Path file = directory.resolve(key);
        Optional<String> old = ProcFiles.readIfPresent(file.toString());
        if (old.filter(line::equals).isPresent()) {
            return false;
        }
        try {
            makeDirectory();
            // dnsmasq leaves out names with a dot before them.
            WholeFile.write(file, line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return old.isPresent();
    }

    private void makeDirectory() throws IOException {
        Files.createDirectories(directory);
        // dnsmasq reads as nobody.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /// @return whether it was known
    boolean remove(String key) {
        StaticHost.checkKey(key);
        try {
            return Files.deleteIfExists(directory.resolve(key));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Before dnsmasq starts: there is something to watch, and all names are in the bridge's
    /// domain.
    void prepare(String domain) {
        try {
            makeDirectory();
            List<Path> files = new ArrayList<>();
            try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, "[!.]*")) {
                all.forEach(files::add);
            }
            for (Path file : files) {
                String[] words = Files.readString(file).strip().split(" ");
                boolean unused =
                        write(
                                String.valueOf(file.getFileName()),
                                line(words[0], words[words.length - 1], domain));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
