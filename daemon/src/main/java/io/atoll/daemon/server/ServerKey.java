package io.atoll.daemon.server;

import io.atoll.base.Architecture;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.UnsupportedException;
import io.atoll.daemon.instance.config.Expiry;
import io.atoll.image.Packing;
import io.atoll.image.remote.HttpProxies;
import io.atoll.linux.net.IpNetwork;
import io.atoll.network.bgp.PeerKeys;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The server configuration keys. Rows with [Value#UNSUPPORTED] are LXD's keys for parts this
/// server does not have; they can be unset but not set.
public enum ServerKey {
    BACKUP_COMPRESSION("backups.compression_algorithm", "gzip", Value.COMPRESSION),
    SHUTDOWN_TIMEOUT("core.shutdown_timeout", "5", Value.INTEGER),
    AUTO_UPDATE_CACHED("images.auto_update_cached", "true", Value.BOOLEAN),
    AUTO_UPDATE_INTERVAL("images.auto_update_interval", "6", Value.INTEGER),
    IMAGE_COMPRESSION("images.compression_algorithm", "gzip", Value.COMPRESSION),
    DEFAULT_ARCHITECTURE("images.default_architecture", "", Value.ARCHITECTURE),
    REMOTE_CACHE_EXPIRY("images.remote_cache_expiry", "10", Value.INTEGER),
    NIC_HOST_NAME("instances.nic.host_name", "random", Value.HOST_NAME),
    HTTPS_ADDRESS("core.https_address", "", Value.ADDRESS),
    METRICS_ADDRESS("core.metrics_address", "", Value.ADDRESS),
    METRICS_AUTHENTICATION("core.metrics_authentication", "true", Value.BOOLEAN),
    DEBUG_ADDRESS("core.debug_address", "", Value.ADDRESS),
    DNS_ADDRESS("core.dns_address", "", Value.ADDRESS),
    BGP_ADDRESS("core.bgp_address", "", Value.ADDRESS),
    BGP_ASN("core.bgp_asn", "", Value.ASN),
    BGP_ROUTER_ID("core.bgp_routerid", "", Value.ROUTER_ID),
    HTTPS_CREDENTIALS("core.https_allowed_credentials", "false", Value.BOOLEAN),
    HTTPS_HEADERS("core.https_allowed_headers", "", Value.HEADER),
    HTTPS_METHODS("core.https_allowed_methods", "", Value.HEADER),
    HTTPS_ORIGIN("core.https_allowed_origin", "", Value.HEADER),
    TRUSTED_PROXY("core.https_trusted_proxy", "", Value.PROXIES),
    PROXY_HTTP("core.proxy_http", "", Value.PROXY),
    PROXY_HTTPS("core.proxy_https", "", Value.PROXY),
    PROXY_IGNORE("core.proxy_ignore_hosts", "", Value.ANY),
    TOKEN_EXPIRY("core.remote_token_expiry", "", Value.EXPIRY),
    TRUST_CA("core.trust_ca_certificates", "false", Value.BOOLEAN),
    TRUST_PASSWORD("core.trust_password", "", Value.ANY),
    CLUSTER_ADDRESS("cluster.https_address", "", Value.UNSUPPORTED),
    CLUSTER_IMAGES("cluster.images_minimal_replica", "3", Value.UNSUPPORTED),
    CLUSTER_OFFLINE("cluster.offline_threshold", "20", Value.UNSUPPORTED),
    CLUSTER_TOKENS("cluster.join_token_expiry", "", Value.UNSUPPORTED),
    CLUSTER_STANDBY("cluster.max_standby", "2", Value.UNSUPPORTED),
    CLUSTER_VOTERS("cluster.max_voters", "3", Value.UNSUPPORTED),
    CANDID_KEY("candid.api.key", "", Value.UNSUPPORTED),
    CANDID_URL("candid.api.url", "", Value.UNSUPPORTED),
    CANDID_DOMAINS("candid.domains", "", Value.UNSUPPORTED),
    CANDID_EXPIRY("candid.expiry", "3600", Value.UNSUPPORTED),
    RBAC_KEY("rbac.agent.private_key", "", Value.UNSUPPORTED),
    RBAC_PUBLIC_KEY("rbac.agent.public_key", "", Value.UNSUPPORTED),
    RBAC_AGENT("rbac.agent.url", "", Value.UNSUPPORTED),
    RBAC_USER("rbac.agent.username", "", Value.UNSUPPORTED),
    RBAC_EXPIRY("rbac.api.expiry", "3600", Value.UNSUPPORTED),
    RBAC_API_KEY("rbac.api.key", "", Value.UNSUPPORTED),
    RBAC_URL("rbac.api.url", "", Value.UNSUPPORTED),
    MAAS_KEY("maas.api.key", "", Value.UNSUPPORTED),
    MAAS_URL("maas.api.url", "", Value.UNSUPPORTED),
    MAAS_MACHINE("maas.machine", "", Value.UNSUPPORTED),
    OVN_CONNECTION("network.ovn.northbound_connection", "", Value.UNSUPPORTED),
    OVN_BRIDGE("network.ovn.integration_bridge", "br-int", Value.UNSUPPORTED),
    BACKUPS_VOLUME("storage.backups_volume", "", Value.ANY),
    IMAGES_VOLUME("storage.images_volume", "", Value.ANY);

    /// What a key takes.
    private enum Value {
        ANY,
        INTEGER,
        BOOLEAN,
        COMPRESSION,
        /// As the kernel calls it.
        ARCHITECTURE,
        HOST_NAME,
        /// `HOST:PORT`, `[HOST]:PORT`, `:PORT`, or without the port.
        ADDRESS,
        /// Number of an autonomous system, 0 for none.
        ASN,
        /// Written as an IPv4 address.
        ROUTER_ID,
        /// Addresses with commas between.
        PROXIES,
        EXPIRY,
        /// Address of a proxy for http.
        PROXY,
        /// Goes into a line of a protocol.
        HEADER,
        UNSUPPORTED;

        /// The reason to refuse a value that is not empty; empty if it is fine.
        private String fault(String value) {
            return switch (this) {
                case ANY -> "";
                case INTEGER -> value.matches("\\d{1,9}") ? "" : "invalid integer";
                case BOOLEAN ->
                        BOOLEANS.contains(value.toLowerCase(Locale.ROOT)) ? "" : "invalid boolean";
                case COMPRESSION -> compressionFault(value);
                case ARCHITECTURE -> architectureFault(value);
                case HOST_NAME ->
                        HOST_NAMES.contains(value)
                                ? ""
                                : "Invalid value, must be \"random\" or \"mac\"";
                case ADDRESS -> ListenAddress.fault(value);
                case ASN -> asnFault(value);
                case ROUTER_ID -> routerIdFault(value);
                case PROXIES -> proxiesFault(value);
                case EXPIRY -> expiryFault(value);
                case PROXY -> proxyFault(value);
                case HEADER ->
                        value.chars().allMatch(c -> c >= ' ' && c < 127)
                                ? ""
                                : "only printable ASCII characters are allowed";
                case UNSUPPORTED -> "not supported by this server";
            };
        }
    }

    private static String compressionFault(String value) {
        try {
            Packing unused = Packing.parse(value);
            return "";
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String architectureFault(String value) {
        try {
            Architecture unused = Architecture.ofKernelName(value);
            return "";
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String asnFault(String value) {
        if (!value.matches("\\d{1,18}")) {
            return "Invalid value for an integer \"" + value + "\"";
        }
        return Long.parseLong(value) <= PeerKeys.ASN_MAX
                ? ""
                : "Value isn't within valid range. Must be between 0 and " + PeerKeys.ASN_MAX;
    }

    private static String routerIdFault(String value) {
        return IpNetwork.parseAddress(value)
                        .filter(a -> a instanceof Inet4Address && !a.isAnyLocalAddress())
                        .isPresent()
                ? ""
                : "Not an IPv4 address \"" + value + "\"";
    }

    private static String proxiesFault(String value) {
        try {
            Set<InetAddress> unused = ListenAddress.proxies(value);
            return "";
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String proxyFault(String value) {
        try {
            Optional<HttpProxies.Address> unused = HttpProxies.parse(value);
            return "";
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String expiryFault(String value) {
        try {
            Expiry.parse(value);
            return "";
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static final Set<String> BOOLEANS =
            Set.of("true", "false", "1", "0", "yes", "no", "on", "off");
    private static final Set<String> HOST_NAMES = Set.of("random", "mac");

    private final String key;
    private final String fallback;
    private final Value value;

    ServerKey(String key, String fallback, Value value) {
        this.key = key;
        this.fallback = fallback;
        this.value = value;
    }

    public String key() {
        return key;
    }

    /// The value while the key is unset.
    public String fallback() {
        return fallback;
    }

    /// False for a key that can only be unset, since this server lacks what it configures.
    public boolean isSupported() {
        return value != Value.UNSUPPORTED;
    }

    /// Whether a value means yes; LXD's words for it.
    public static boolean isTrue(String value) {
        return Set.of("true", "1", "yes", "on").contains(value.toLowerCase(Locale.ROOT));
    }

    /// @throws InvalidConfigException with LXD's words
    static void check(String name, String value) {
        if (name.startsWith("user.")) {
            return;
        }
        String sentence = "cannot set '" + name + "' to '" + value + "': ";
        ServerKey row =
                find(name).orElseThrow(() -> new InvalidConfigException(sentence + "unknown key"));
        String fault = value.isEmpty() ? "" : row.value.fault(value);
        if (!fault.isEmpty()) {
            throw row.value == Value.UNSUPPORTED
                    ? new UnsupportedException(sentence + fault)
                    : new InvalidConfigException(sentence + fault);
        }
    }

    private static Optional<ServerKey> find(String name) {
        return Arrays.stream(values()).filter(row -> row.key.equals(name)).findFirst();
    }
}
