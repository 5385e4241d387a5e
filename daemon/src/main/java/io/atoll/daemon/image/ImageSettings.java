package io.atoll.daemon.image;

import io.atoll.base.Architecture;
import io.atoll.base.ProjectName;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.server.ServerConfig;
import io.atoll.daemon.server.ServerKey;
import io.atoll.image.remote.HttpProxies;
import java.time.Duration;
import java.util.Optional;

/// How images of other servers are treated in a project: as the project says, else the server. Both
/// use the same keys.
public final class ImageSettings {
    private final Projects projects;
    private final ServerConfig config;

    public ImageSettings(Projects projects, ServerConfig config) {
        this.projects = projects;
        this.config = config;
    }

    /// The value of a key that projects have too.
    public String value(ProjectName project, ServerKey key) {
        return projects.find(project)
                .map(p -> p.value().config().getOrDefault(key.key(), ""))
                .filter(v -> !v.isEmpty())
                .orElseGet(() -> config.value(key));
    }

    /// Whether what came along with an instance is kept up to date: `images.auto_update_cached`.
    boolean isCachedUpdated(ProjectName project) {
        return ServerKey.isTrue(value(project, ServerKey.AUTO_UPDATE_CACHED));
    }

    /// How often to look for newer images; empty for never: `images.auto_update_interval`.
    Optional<Duration> updateInterval(ProjectName project) {
        long hours = Long.parseLong(value(project, ServerKey.AUTO_UPDATE_INTERVAL));
        return hours > 0 ? Optional.of(Duration.ofHours(hours)) : Optional.empty();
    }

    /// Of images whose name does not say it: `images.default_architecture`.
    Architecture architecture(ProjectName project) {
        return Architecture.find(value(project, ServerKey.DEFAULT_ARCHITECTURE))
                .orElseGet(Architecture::host);
    }

    /// The proxies to other servers: `core.proxy_http`, `core.proxy_https` and
    /// `core.proxy_ignore_hosts`, else those of the daemon's environment.
    HttpProxies proxies() {
        HttpProxies.Settings environment = HttpProxies.Settings.of(System.getenv());
        return new HttpProxies(() ->
                new HttpProxies.Settings(
                                config.value(ServerKey.PROXY_HTTP),
                                config.value(ServerKey.PROXY_HTTPS),
                                config.value(ServerKey.PROXY_IGNORE))
                        .or(environment));
    }

    /// How long what came along with an instance stays unused; empty for as long as may be:
    /// `images.remote_cache_expiry`.
    Optional<Duration> cacheExpiry(ProjectName project) {
        long days = Long.parseLong(value(project, ServerKey.REMOTE_CACHE_EXPIRY));
        return days > 0 ? Optional.of(Duration.ofDays(days)) : Optional.empty();
    }
}
