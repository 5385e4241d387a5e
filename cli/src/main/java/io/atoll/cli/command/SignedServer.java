package io.atoll.cli.command;

import io.atoll.base.UnavailableException;
import io.atoll.cli.Context;
import io.atoll.cli.text.Format;
import io.atoll.image.remote.HttpFetcher;
import io.atoll.image.remote.ImageDownload;
import io.atoll.image.remote.RemoteFile;
import io.atoll.image.remote.Signatures;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/// A server whose files count only with a signature, and a directory for what comes from it, which
/// goes when this is closed.
final class SignedServer implements AutoCloseable {
    static final String KEY_SERVER = "hkps://keyserver.ubuntu.com";

    private static final int SIGNATURE_MAX = 1 << 20;

    private final Context context;
    private final String address;
    private final Path directory;
    private final HttpFetcher http;
    private final Signatures signatures;

    private SignedServer(Context context, String address, Path directory, Signatures signatures) {
        this.context = context;
        this.address = address;
        this.directory = directory;
        this.signatures = signatures;
        this.http = RemoteImages.http(context);
    }

    /// Gets the keys of the server that the caller named.
    ///
    /// @param server without a slash at its end, if the caller named none
    /// @param key that signs there, if the caller named none
    static SignedServer open(Context context, String server, String key) throws IOException {
        String named = context.args().value("server");
        String address = named.isEmpty() ? server : named.replaceFirst("/+$", "");
        URI _ = HttpFetcher.uri(address);
        String ring = context.args().value("keyring");
        String keyId = context.args().value("keyid");
        Path directory = Files.createTempDirectory("tmp");
        try {
            if (!ring.isEmpty()) {
                Path file = context.invocation().path(ring);
                RecordCommands.say(context, "Reading the GPG key for " + address + " in " + file);
                return new SignedServer(
                        context,
                        address,
                        directory,
                        keys(new Signatures.Keys.Keyring(file), directory));
            }
            RecordCommands.say(context, "Downloading the GPG key for " + address);
            String from = context.args().value("keyserver");
            Signatures.Keys wanted =
                    new Signatures.Keys.KeyServer(
                            from.isEmpty() ? KEY_SERVER : from, keyId.isEmpty() ? key : keyId);
            return new SignedServer(context, address, directory, keys(wanted, directory));
        } catch (RuntimeException e) {
            delete(directory);
            throw e;
        }
    }

    private static Signatures keys(Signatures.Keys keys, Path directory) {
        return new Signatures(keys).fetched(directory.resolve("keys.gpg"));
    }

    String address() {
        return address;
    }

    Signatures signatures() {
        return signatures;
    }

    HttpFetcher http() {
        return http;
    }

    URI base() {
        return HttpFetcher.uri(address + "/");
    }

    /// Fetches a file and the signature beside it.
    ///
    /// @param name of the copy
    /// @throws UnavailableException unless it is signed by a key that counts
    Path fetch(URI uri, String name) throws IOException {
        Path file = Files.createFile(directory.resolve(name));
        new ImageDownload(http, List::of)
                .fetch(
                        new RemoteFile(uri, Optional.empty(), OptionalLong.empty()),
                        file,
                        (bytes, total, speed) -> show(bytes, total, speed));
        context.output().clearStatus();
        Path signature = directory.resolve(name + ".asc");
        Files.write(
                signature,
                http.find(URI.create(uri + ".asc"), SIGNATURE_MAX)
                        .orElseThrow(() -> new UnavailableException(uri + " is not signed")));
        RecordCommands.say(context, "Validating the GPG signature of " + signature);
        signatures.check(file, Files.readAllBytes(signature));
        return file;
    }

    private void show(long bytes, long total, long speed) {
        if (!context.isQuiet()) {
            String part =
                    total > 0
                            ? bytes * 100 / total + " % of " + Format.decimalBytes(total)
                            : Format.decimalBytes(bytes);
            context.output()
                    .status("Progress: " + part + " (" + Format.decimalBytes(speed) + "/s)");
        }
    }

    @Override
    public void close() throws IOException {
        delete(directory);
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
