package io.atoll.image.remote;

import io.atoll.base.InvalidConfigException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
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

    static {
        // The JDK sends no password to the proxy of an https request unless this is empty, and
        // looks when
        // its client is first used. Proxies get it over an unprotected line, as everywhere.
        if (System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) {
            System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
        }
    }

    /// Where a proxy is.
    ///
    /// @param credentials `NAME:PASSWORD` if it wants them
    public record Address(String host, int port, Optional<String> credentials) {
        InetSocketAddress resolved() {
            return new InetSocketAddress(host, port);
        }

        /// Without what is secret.
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

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

    /// Reads a proxy's address, `[http://][NAME:PASSWORD@]HOST[:PORT][/]`; empty for none.
    ///
    /// @throws InvalidConfigException if it is no such
    public static Optional<Address> parse(String text) {
        if (text.isBlank()) {
            return Optional.empty();
        }
        String url = text.contains("://") ? text.strip() : "http://" + text.strip();
        try {
            URI uri = URI.create(url);
            boolean isPlain =
                    uri.getHost() != null
                            && "http".equalsIgnoreCase(uri.getScheme())
                            && uri.getPort() <= 0xffff;
            if (isPlain) {
                return Optional.of(
                        new Address(
                                uri.getHost(),
                                uri.getPort() < 0 ? PORT : uri.getPort(),
                                Optional.ofNullable(uri.getUserInfo())));
            }
        } catch (IllegalArgumentException e) {
            throw new InvalidConfigException("Invalid proxy \"" + withoutSecret(text) + "\"", e);
        }
        throw new InvalidConfigException("Invalid proxy \"" + withoutSecret(text) + "\"");
    }

    private static String withoutSecret(String text) {
        return text.replaceFirst("//.*@", "//").replaceFirst("^[^/]*@", "");
    }

    /// The proxy for a request; empty if it goes straight there.
    private Optional<Address> of(URI uri) {
        Settings now = settings.get();
        boolean isSecure = "https".equalsIgnoreCase(uri.getScheme());
        return parse(isSecure ? now.https() : now.http())
                .filter(_ -> !isIgnored(String.valueOf(uri.getHost()), now.ignored()));
    }

    /// What a request says to its proxy in `Proxy-Authorization`; the JDK's client passes it on to
    /// proxies only.
    public Optional<String> authorization(URI uri) {
        return of(uri).flatMap(Address::credentials)
                .map(credentials ->
                        "Basic "
                                + Base64.getEncoder()
                                        .encodeToString(
                                                credentials.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public List<Proxy> select(URI uri) {
        return List.of(
                of(uri).map(proxy -> new Proxy(Proxy.Type.HTTP, proxy.resolved()))
                        .orElse(Proxy.NO_PROXY));
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
