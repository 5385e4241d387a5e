package io.atoll.daemon.device.attach;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.base.ProjectName;
import java.util.Map;

/// One instance, as far as its devices need to know it.
///
/// @param id host-wide name
/// @param hostname name inside and in DNS
/// @param idmap of the run, or of the next one
/// @param memory the instance's own keys: `volatile.*` are read for what was decided before and
///   changed for what has to be remembered; whoever made the site records them
public record Site(
        String id, ProjectName project, String hostname, Idmap idmap, Map<String, String> memory) {
    /// The key that names the program of an application.
    private static final String APPLICATION = "image.oci.entrypoint";

    /// The host's number of a user inside.
    long hostUid(long uid) {
        return host(IdmapEntry.Kind.UID, uid);
    }

    /// The host's number of a group inside.
    long hostGid(long gid) {
        return host(IdmapEntry.Kind.GID, gid);
    }

    private long host(IdmapEntry.Kind kind, long id) {
        return idmap.toHost(kind, new NsId(id))
                .map(HostId::value)
                .orElseThrow(() -> new InvalidConfigException("The instance has no id " + id));
    }

    /// Whether a program of an image of applications runs instead of an init: nobody inside asks
    /// for addresses then.
    public boolean isApplication() {
        return remembered(APPLICATION).isPresent();
    }

    /// What is remembered under a key; empty text is nothing.
    java.util.Optional<String> remembered(String key) {
        return java.util.Optional.ofNullable(memory.get(key)).filter(v -> !v.isEmpty());
    }
}
