package io.atoll.daemon.instance.files;

import io.atoll.base.HostId;
import io.atoll.base.Idmap;
import io.atoll.base.IdmapEntry;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NsId;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Instances;
import io.atoll.daemon.instance.OpenRoots;
import io.atoll.linux.Fd;
import io.atoll.linux.FsIds;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.PlatformThreads;
import io.atoll.runtime.Container;
import java.util.Optional;
import java.util.concurrent.Callable;

/// The root of an instance, opened for work on its files: of a running one as it sees it itself, of
/// a stopped one through a mount that exists only while this is open.
///
/// Owner ids are those inside on both sides of this class; it translates where the kernel shows the
/// host's.
final class RootAccess implements AutoCloseable {
    private final Fd root;
    private final Runnable release;
    private final Idmap idmap;

    private RootAccess(Fd root, Runnable release, Idmap idmap) {
        this.root = root;
        this.release = release;
        this.idmap = idmap;
    }

    static RootAccess open(Instances instances, InstanceRecord instance) {
        Optional<Container> container = instances.running(instance);
        if (container.isPresent()) {
            Fd root = container.get().rootFd();
            return of(root, Instances.currentIds(instance));
        }
        OpenRoots.Root root = instances.openRoot(instance);
        return new RootAccess(root.directory(), root::close, Idmap.NONE);
    }

    /// @param root closed by us
    static RootAccess of(Fd root, Idmap idmap) {
        return new RootAccess(root, root::close, idmap);
    }

    GuestFiles files() {
        return new GuestFiles(root);
    }

    /// Runs `work` as someone who may make files below this root, on a platform thread.
    <T> T call(Callable<T> work) {
        if (idmap.isPrivileged()) {
            return PlatformThreads.call(work);
        }
        return FsIds.as(toHost(IdmapEntry.Kind.UID, 0), toHost(IdmapEntry.Kind.GID, 0), work);
    }

    /// Runs `work`, which may take long, as [#call(Callable)] does but on a thread of its own.
    <T> T session(Callable<T> work) {
        return FsIds.as(toHost(IdmapEntry.Kind.UID, 0), toHost(IdmapEntry.Kind.GID, 0), work);
    }

    /// The host's id of an id inside.
    ///
    /// @throws InvalidConfigException if the instance has no such id
    long toHost(IdmapEntry.Kind kind, long id) {
        return idmap.toHost(kind, new NsId(id))
                .map(HostId::value)
                .orElseThrow(() -> new InvalidConfigException("The instance has no id " + id));
    }

    /// The id inside of what the kernel shows; ids that the instance does not have are nobody's.
    long toGuest(IdmapEntry.Kind kind, long id) {
        return idmap.toNs(kind, new HostId(id)).map(NsId::value).orElse(65_534L);
    }

    @Override
    public void close() {
        release.run();
    }
}
