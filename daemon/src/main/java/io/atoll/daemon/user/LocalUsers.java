package io.atoll.daemon.user;

import io.atoll.base.ForbiddenException;
import io.atoll.base.ProjectName;
import io.atoll.base.Undo;
import io.atoll.daemon.http.Caller;
import io.atoll.daemon.http.LocalPeers;
import io.atoll.daemon.profile.Profile;
import io.atoll.daemon.profile.Profiles;
import io.atoll.daemon.project.Feature;
import io.atoll.daemon.project.Project;
import io.atoll.daemon.project.ProjectKey;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.RecordKey;
import io.atoll.daemon.store.Store;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/// The users of `unix.socket.user`. Whoever connects there is kept to the project `user-UID`, which
/// is made when they first come: a restricted project with a network and a default profile of its
/// own. What they may do is what the project's keys say; an administrator may change those later,
/// and they are not set again.
///
/// Its instances get ids that no other instance of the host has (`security.idmap.isolated`), no
/// directory, device or interface of the host, and the network of that user alone.
public final class LocalUsers implements LocalPeers {
    /// The kernel's stand-in for a user that our user namespace does not know: it may be anybody.
    static final long OVERFLOW_UID = 65_534;

    /// `(uid_t) -1`, nobody at all.
    private static final long NO_UID = 0xFFFF_FFFFL;

    /// What a new user's project stands on.
    public interface Ground {
        /// The pool for the root disks.
        ///
        /// @throws io.atoll.base.DomainException if there is none yet
        String pool();

        /// Makes a bridge with addresses of its own; one of that name that exists is taken.
        void makeNetwork(String name, String description);

        /// Removes it again if nobody uses it.
        void deleteNetwork(String name);
    }

    private final Store store;
    private final Projects projects;
    private final Ground ground;

    /// Held while a user's project is made, so that two connections do not make it twice.
    private final ReentrantLock making = new ReentrantLock();

    public LocalUsers(Store store, Projects projects, Ground ground) {
        this.store = store;
        this.projects = projects;
        this.ground = ground;
    }

    @Override
    public Caller of(long uid, String name) {
        if (uid == 0) {
            return Caller.local(name);
        }
        if (uid == OVERFLOW_UID || uid == NO_UID) {
            throw new ForbiddenException("The user who connects has no id of its own on this host");
        }
        ProjectName project = new ProjectName("user-" + uid);
        making.lock();
        try {
            if (projects.find(project).isEmpty()) {
                make(project, uid, name);
            }
        } finally {
            making.unlock();
        }
        return Caller.localUser(name, project);
    }

    /// The bridge of a user; at most 15 characters, as Linux wants it.
    static String network(long uid) {
        return "atbr-" + uid;
    }

    private void make(ProjectName project, long uid, String name) {
        String network = network(uid);
        String pool = ground.pool();
        try (Undo undo = new Undo()) {
            ground.makeNetwork(network, "Network of user " + name);
            undo.add(() -> ground.deleteNetwork(network));
            Batch batch = new Batch();
            batch.create(
                    Project.KIND,
                    RecordKey.global(project.value()),
                    new Project(project.value(), "Project of user " + name, rules(network)));
            batch.create(
                    Profile.KIND,
                    RecordKey.of(project, Profiles.DEFAULT),
                    profile(project, pool, network));
            store.commit(batch);
            undo.keep();
        }
    }

    /// What is not said here is blocked, because the project is restricted.
    private static Map<String, String> rules(String network) {
        Map<String, String> out = new TreeMap<>();
        for (Feature own : new Feature[] {Feature.IMAGES, Feature.PROFILES, Feature.VOLUMES}) {
            out.put(own.key(), "true");
        }
        out.put(Feature.NETWORKS.key(), "false");
        out.put(ProjectKey.RESTRICTED.key(), "true");
        out.put(ProjectKey.PRIVILEGE.key(), "isolated");
        out.put(ProjectKey.NETWORKS_ACCESS.key(), network);
        out.put(ProjectKey.SNAPSHOTS.key(), "allow");
        out.put(ProjectKey.BACKUPS.key(), "allow");
        return out;
    }

    private static Profile profile(ProjectName project, String pool, String network) {
        return new Profile(
                Profiles.DEFAULT,
                "Default Atoll profile for project " + project,
                Map.of("security.idmap.isolated", "true"),
                Map.of(
                        "root", Map.of("type", "disk", "path", "/", "pool", pool),
                        "eth0", Map.of("type", "nic", "name", "eth0", "network", network)));
    }
}
