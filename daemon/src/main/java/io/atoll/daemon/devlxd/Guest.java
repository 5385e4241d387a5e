package io.atoll.daemon.devlxd;

import io.atoll.daemon.http.Response;
import java.util.Map;
import java.util.Optional;

/// An instance as it is shown to itself. Read anew for each request.
public interface Guest {
    /// The host's user id of its root; nobody else inside may ask.
    long rootUid();

    /// Configuration with profiles applied; only `user.*` and `cloud-init.*` are shown.
    Map<String, String> config();

    /// Devices with profiles applied, and with the hardware addresses they have.
    Map<String, Map<String, String>> devices();

    /// What cloud-init calls meta-data, as YAML.
    String metaData();

    /// Whether images may be fetched.
    boolean mayFetchImages();

    /// The files of an image that anybody may have, or that came along with an instance.
    ///
    /// @param fingerprint or how it begins
    Optional<Response> image(String fingerprint);

    /// What it last told of itself: `Ready`, or that it has started.
    String state();

    /// It tells that it is ready, or not any more.
    void setReady(boolean isReady);
}
