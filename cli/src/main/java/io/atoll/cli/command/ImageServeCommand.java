package io.atoll.cli.command;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.atoll.api.tls.Identity;
import io.atoll.api.tls.TlsContexts;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.client.ServerTrust;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `image serve`: a web server for a directory that `image mirror` filled.
final class ImageServeCommand {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{0,18})");

    private ImageServeCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of("serve", "<directory> [flags]", "Serve the images of a directory")
                .detail(
                        "Clients take images over https only, or over http from the host they run on. Ends when it",
                        "is interrupted.")
                .example(
                        "PROGRAM image serve /srv/images",
                        "PROGRAM image serve /srv/images --address :8443 --certificate site.crt --key site.key")
                .args(1, 1)
                .value(
                        '\0',
                        "address",
                        "127.0.0.1:8080",
                        "Where to listen (default 127.0.0.1:8080)")
                .value("certificate", "Certificate, PEM: serve https")
                .value("key", "Its key, PEM")
                .run(ImageServeCommand::run);
    }

    private static int run(Context context) throws IOException {
        Path root = context.invocation().path(context.args().at(0)).toRealPath();
        if (!Files.isRegularFile(root.resolve("streams/v1/index.json"))) {
            throw new CliException(
                    root + " has no images", "fill it with: image mirror IMAGE " + root);
        }
        HttpServer server = server(context, address(context.args().value("address")));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            server.createContext("/", exchange -> answer(root, exchange));
            server.setExecutor(threads);
            server.start();
            String scheme = server instanceof HttpsServer ? "https" : "http";
            context.output()
                    .line("Serving " + root + " on " + scheme + "://" + text(server.getAddress()));
            new CountDownLatch(1).await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            server.stop(0);
        }
        return 0;
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            String host = colon <= 0 ? "" : text.substring(0, colon).replaceAll("[\\[\\]]", "");
            return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
        } catch (IllegalArgumentException _) {
            throw new CliException("this is no address to listen on: " + text);
        }
    }

    private static HttpServer server(Context context, InetSocketAddress address)
            throws IOException {
        String certificate = context.args().value("certificate");
        String key = context.args().value("key");
        if (certificate.isEmpty() != key.isEmpty()) {
            throw new CliException("--certificate and --key go together");
        }
        if (certificate.isEmpty()) {
            return HttpServer.create(address, 0);
        }
        Identity identity =
                Identity.load(
                        context.invocation().path(certificate), context.invocation().path(key));
        HttpsServer server = HttpsServer.create(address, 0);
        server.setHttpsConfigurator(
                new HttpsConfigurator(
                        TlsContexts.of(Optional.of(identity), new ServerTrust(Optional.empty()))));
        return server;
    }

    /// Paths are a stranger's: they stay below the directory, and hidden files are not shown.
    private static void answer(Path root, HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.sendResponseHeaders(405, -1);
                return;
            }
            Path file = find(root, exchange.getRequestURI().getPath());
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            send(file, exchange, method.equals("HEAD"));
        }
    }

    private static Path find(Path root, String path) {
        boolean isPlain =
                path.startsWith("/")
                        && !path.contains("/.")
                        && path.chars().allMatch(c -> c >= ' ' && c != '\\');
        return isPlain ? root.resolve(path.substring(1)).normalize() : root;
    }

    private static void send(Path file, HttpExchange exchange, boolean isHead) throws IOException {
        long size = Files.size(file);
        exchange.getResponseHeaders().set("Content-Type", type(file));
        exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
        String tag = "\"" + size + "-" + Files.getLastModifiedTime(file).toMillis() + "\"";
        exchange.getResponseHeaders().set("ETag", tag);
        long from = 0;
        long end = size;
        String range = exchange.getRequestHeaders().getFirst("Range");
        String same = exchange.getRequestHeaders().getFirst("If-Range");
        boolean isPart = range != null && (same == null || same.equals(tag));
        if (isPart) {
            Matcher m = RANGE.matcher(range);
            isPart = m.matches();
            if (isPart) {
                from = Long.parseLong(m.group(1));
                end = m.group(2).isEmpty() ? size : Math.min(size, Long.parseLong(m.group(2)) + 1);
            }
            if (isPart && from >= end) {
                exchange.getResponseHeaders().set("Content-Range", "bytes */" + size);
                exchange.sendResponseHeaders(416, -1);
                return;
            }
        }
        if (isPart) {
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + from + "-" + (end - 1) + "/" + size);
        }
        if (isHead) {
            exchange.getResponseHeaders().set("Content-Length", Long.toString(size));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        exchange.sendResponseHeaders(isPart ? 206 : 200, end == from ? -1 : end - from);
        try (FileChannel channel = FileChannel.open(file);
                WritableByteChannel out = Channels.newChannel(exchange.getResponseBody())) {
            long sent = 1;
            for (long at = from; at < end && sent > 0; at += sent) {
                sent = channel.transferTo(at, Math.min(end - at, 1 << 20), out);
            }
        }
    }

    private static String type(Path file) {
        return file.toString().endsWith(".json") ? "application/json" : "application/octet-stream";
    }
}
