package io.atoll.lxcfs;

import io.atoll.linux.ErrnoException;
import io.atoll.linux.FuseDevice;
import io.atoll.linux.Mounts;
import io.atoll.lxcfs.cgroup.CgroupMounts;
import io.atoll.lxcfs.cgroup.HostFiles;
import io.atoll.lxcfs.cgroup.LoadTracker;
import io.atoll.lxcfs.cgroup.Readers;
import io.atoll.lxcfs.fuse.FuseChannel;
import io.atoll.lxcfs.fuse.FuseServer;
import io.atoll.lxcfs.view.Loadavg;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One mounted file system with views of memory, processors, load and uptime, and the threads that
/// serve it.
///
/// Mounting takes over from a server that died at the same place: what is left of its mount is
/// taken away, and the files in running containers are put back.
final class Lxcfs implements AutoCloseable {
    /// As upstream's type, so that what looks for `fuse.lxcfs` in mountinfo finds ours.
    static final String NAME = "lxcfs";

    private static final String FS_TYPE = "fuse." + NAME;
    private static final Logger LOG = System.getLogger(Lxcfs.class.getName());

    private final LxcfsOptions options;
    private final List<FuseDevice> devices = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private Optional<Thread> sampler = Optional.empty();

    private Lxcfs(LxcfsOptions options) {
        this.options = options;
    }

    /// Mounts, starts serving and heals running containers; returns when all three are done.
    ///
    /// @throws ErrnoException naming the mount point
    /// @throws io.atoll.base.BusyException if a living server is mounted there already
    static Lxcfs mount(LxcfsOptions options) {
        String at = options.mountPoint().toString();
        clearDeadMounts(at);
        Lxcfs lxcfs = new Lxcfs(options);
        HostFiles files = new KernelFiles();
        CgroupMounts mounts = CgroupMounts.parse(files.read("/proc/self/mountinfo").orElse(""));
        LoadTracker loads = new LoadTracker(files);
        Readers readers = new Readers(files, mounts, new Inits(files));
        FuseServer server =
                new FuseServer(
                        new ViewFileSystem(
                                new ViewRenderer(files, readers, loads, options), files));
        lxcfs.devices.add(FuseDevice.mount(at, NAME));
        lxcfs.serve(server);
        if (options.tracksLoad()) {
            lxcfs.sampler =
                    Optional.of(Thread.ofVirtual().name("loadavg").start(() -> sample(loads)));
        }
        int healed = new Healer(files, options.mountPoint(), FS_TYPE).healAll();
        LOG.log(Level.INFO, "serving mountpoint=" + at + " healed=" + healed);
        return lxcfs;
    }

    private static void clearDeadMounts(String at) {
        while (Mounts.list().stream()
                .anyMatch(m -> m.target().equals(at) && m.fsType().equals(FS_TYPE))) {
            if (!Healer.isDead(at)) {
                throw new io.atoll.base.BusyException(
                        "cannot mount " + at + ": another lxcfs is serving there");
            }
            Mounts.umount(at, true);
        }
    }

    private void serve(FuseServer server) {
        for (int i = 1; i < options.threads(); i++) {
            devices.add(devices.getFirst().another());
        }
        for (FuseDevice device : devices) {
            FuseChannel channel =
                    new FuseChannel() {
                        @Override
                        public int read(ByteBuffer buffer) {
                            return device.read(buffer);
                        }

                        @Override
                        public void write(ByteBuffer buffer, int length) {
                            device.write(buffer, length);
                        }
                    };
            threads.add(
                    Thread.ofPlatform()
                            .name("fuse-" + threads.size())
                            .start(() -> server.serve(channel)));
        }
    }

    private static void sample(LoadTracker loads) {
        try {
            while (true) {
                Thread.sleep(Loadavg.SAMPLE_SECONDS * 1000L);
                loads.sampleAll();
            }
        } catch (InterruptedException _) {
            // close() ends the sampling.
        }
    }

    /// Waits until the file system is unmounted.
    void await() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /// Unmounts. Files that containers have bound go on answering ENOTCONN until another server
    /// heals them.
    @Override
    public void close() {
        sampler.ifPresent(Thread::interrupt);
        try {
            Mounts.umount(options.mountPoint().toString(), true);
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "cannot unmount " + options.mountPoint(), e);
        }
        devices.forEach(FuseDevice::close);
    }
}
