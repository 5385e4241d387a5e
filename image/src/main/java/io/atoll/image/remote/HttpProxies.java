package io.atoll.image.remote;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Which proxy a request goes through. What is on this host is asked directly.
public final class HttpProxies extends ProxySelector {
    /// As in `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`: a proxy's address for each scheme, and a
    /// list, with commas, of hosts and domains that need none; `*` for all. Empty for none.
    public record Settings(String http, String https, String ignored) {
        public static final Settings NONE = new Settings("", "", "");

        /// What the environment says; both spellings of the names are known.
        public static Settings of(Map<String, String> environment) {
            return new Settings(
                    variable(environment, "http_proxy"),
                    variable(environment, "https_proxy"),
                    variable(environment, "no_proxy"));
        }

        private static String variable(Map<String, String> environment, String name) {
            return environment.getOrDefault(
                    name.toUpperCase(Locale.ROOT), environment.getOrDefault(name, ""));
        }

        /// With another's values where these are empty.
        public Settings or(Settings other) {
            return new Settings(
                    http.isEmpty() ? other.http : http,
                    https.isEmpty() ? other.https : https,
                    ignored.isEmpty() ? other.ignored : ignored);
        }
    }

    private static final int PORT = 80;

    private final Supplier<Settings> settings;

    /// @param settings asked for each connection
    public HttpProxies(Supplier<Settings> settings) {
        this.settings = settings;
    }

    /// Those that an environment names.
    public static HttpProxies of(Map<String, String> environment) {
        Settings settings = Settings.of(environment);
        return new HttpProxies(() -> settings);
    }

    /// Reads a proxy's address, `[http://]HOST[:PORT][/]`; empty for none.
    ///
    /// @throws InvalidConfigException if it is no such
    public static Optional<InetSocketAddress> parse(String text) {
        if (text.isBlank()) {
            return Optional.empty();
        }
        String url = text.contains("://") ? text.strip() : "http://" + text.strip();
        try {
            URI uri = URI.create(url);
            if (uri.getUserInfo() != null) {
                throw new InvalidConfigException(
                        "Proxies that ask for a name and a password are not supported");
            }
            boolean isPlain =
                    uri.getHost() != null
                            && "http".equalsIgnoreCase(uri.getScheme())
                            && uri.getPort() <= 0xffff;
            if (isPlain) {
                int port = uri.getPort() < 0 ? PORT : uri.getPort();
                return Optional.of(InetSocketAddress.createUnresolved(uri.getHost(), port));
            }
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException("Invalid proxy \"" + text + "\"", e);
        }
        throw new InvalidConfigException("Invalid proxy \"" + text + "\"");
    }

    @Override
    public List<Proxy> select(URI uri) {
        Settings now = settings.get();
        String host = String.valueOf(uri.getHost());
        boolean isSecure = "https".equalsIgnoreCase(uri.getScheme());
        Optional<InetSocketAddress> proxy = parse(isSecure ? now.https() : now.http());
        if (proxy.isEmpty() || isIgnored(host, now.ignored())) {
            return List.of(Proxy.NO_PROXY);
        }
        InetSocketAddress where = proxy.get();
        return List.of(
                new Proxy(
                        Proxy.Type.HTTP,
                        new InetSocketAddress(where.getHostString(), where.getPort())));
    }

    static boolean isIgnored(String host, String ignored) {
        String name = host.toLowerCase(Locale.ROOT).replaceAll("[\\[\\]]", "");
        if (name.equals("localhost") || name.equals("::1") || name.startsWith("127.")) {
            return true;
        }
        for (String entry : ignored.toLowerCase(Locale.ROOT).split(",")) {
            String wanted = entry.strip().replaceFirst("^\\*?\\.", "").replaceFirst(":\\d+$", "");
            if (wanted.equals("*") || !wanted.isEmpty() && isWithin(name, wanted)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isWithin(String name, String domain) {
        return name.equals(domain) || name.endsWith("." + domain);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // The request fails with it.
    }
}
