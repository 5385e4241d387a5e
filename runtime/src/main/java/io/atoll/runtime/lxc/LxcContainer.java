package io.atoll.runtime.lxc;

import io.atoll.base.BusyException;
import io.atoll.base.DomainException;
import io.atoll.base.Idmap;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.NotFoundException;
import io.atoll.base.PreconditionFailedException;
import io.atoll.base.UnavailableException;
import io.atoll.base.UnsupportedException;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.GuestMounts;
import io.atoll.linux.MountAttribute;
import io.atoll.linux.Mounts;
import io.atoll.linux.cgroup.CgroupFiles;
import io.atoll.linux.net.IpNetwork;
import io.atoll.linux.net.Link;
import io.atoll.linux.net.LinkAddress;
import io.atoll.linux.net.Netlink;
import io.atoll.plan.PlanPrinter;
import io.atoll.runtime.Container;
import io.atoll.runtime.ContainerEvent;
import io.atoll.runtime.ContainerState;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.Execution;
import io.atoll.runtime.StartOptions;
import io.atoll.runtime.TerminalLease;
import io.atoll.runtime.compiler.CriuRestore;
import io.atoll.runtime.criu.Checkpoint;
import io.atoll.runtime.criu.Criu;
import io.atoll.runtime.spec.ContainerSpec;
import io.atoll.runtime.spec.DeviceRule;
import io.atoll.runtime.spec.HookSpec;
import io.atoll.runtime.spec.NamespaceKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A container as LXC has it: a name in an [LxcPath], its configuration, and what runs. It offers
/// what `lxc/lxccontainer.h` does, usable without any command.
///
/// The configuration is read from the file when it is first needed, and kept; changes are in memory
/// until [#save]. Not thread-safe; two objects may stand for the same container.
public final class LxcContainer {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}");

    private final LxcPath path;
    private final String name;
    private @Nullable LxcConfig config;

    LxcContainer(LxcPath path, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new InvalidConfigException(
                    "not a name of a container: "
                            + name
                            + "; use letters, digits, dot, underscore and dash");
        }
        this.path = path;
        this.name = name;
    }

    // ---- what it is

    public String name() {
        return name;
    }

    /// The directory of containers that it is in.
    public LxcPath path() {
        return path;
    }

    /// Its own directory.
    public Path directory() {
        return path.directory().resolve(name);
    }

    /// Where its configuration is kept.
    public Path configFile() {
        return directory().resolve("config");
    }

    /// True if its configuration is on disk.
    public boolean isDefined() {
        return Files.exists(configFile());
    }

    // ---- configuration

    /// The configuration; empty if there is no file.
    ///
    /// @throws InvalidConfigException naming file, line and key if the file is wrong
    public LxcConfig config() {
        LxcConfig current = config;
        if (current == null) {
            current = isDefined() ? read(configFile()) : new LxcConfig();
            config = current;
        }
        return current;
    }

    /// Uses a file's configuration instead of its own.
    ///
    /// @throws InvalidConfigException if it is wrong or cannot be read
    public void load(Path file) {
        config = read(file);
    }

    private static LxcConfig read(Path file) {
        try {
            if (Files.size(file) > LxcConfig.FILE_BYTES_MAX) {
                throw new InvalidConfigException(
                        file + " is larger than " + LxcConfig.FILE_BYTES_MAX + " bytes");
            }
            return LxcConfig.parse(Files.readString(file), file.toString(), LxcIncludes.files());
        } catch (IOException e) {
            throw new InvalidConfigException("cannot read the configuration " + file + ": " + e, e);
        }
    }

    /// The value of a key as liblxc's `get_config_item` gives it: lists by their elements, signals
    /// by their numbers, the root's path without its driver, numbers also when they are not set. Of
    /// other keys that are not set an empty list. `lxc.net` has the types of all interfaces,
    /// `lxc.cgroup` and other families have lines.
    ///
    /// @throws InvalidConfigException if there is no such key
    public List<String> item(String key) {
        if (!LxcConfig.isKnown(key) && !LxcConfig.isGroup(key)) {
            throw new InvalidConfigException("Unsupported config key \"" + key + "\"");
        }
        return LxcItems.of(config(), key);
    }

    /// As [#item], of the configuration that it was started with, whatever has been changed since.
    ///
    /// @throws PreconditionFailedException if it does not run, or was not started from a
    ///   configuration
    public List<String> runningItem(String key) {
        return new LxcLife(mustRun())
                .config()
                .orElseThrow(() ->
                        new PreconditionFailedException(
                                name + " was not started from a configuration"))
                .all(key);
    }

    /// The keys that are set and begin with a prefix, such as `lxc.net.0.`, each once, in the order
    /// of the file.
    public List<String> keys(String prefix) {
        return config().below(prefix).stream().map(LxcConfig.Setting::key).distinct().toList();
    }

    /// Sets a key, or adds to a list. An empty value clears it.
    public void set(String key, String value) {
        config().set(key, value);
    }

    /// Clears a key, or a group such as `lxc.net`.
    public void clear(String key) {
        config().clear(key);
    }

    /// Forgets the whole configuration; what is on disk stays until [#save].
    public void clearConfig() {
        config = new LxcConfig();
    }

    /// True if this process may start, stop and change the container: it is root's, or the caller's
    /// own.
    public boolean mayControl() {
        Path nearest = directory();
        while (!Files.exists(nearest)) {
            nearest = Optional.ofNullable(nearest.getParent()).orElse(Path.of("/"));
        }
        return Files.isWritable(nearest);
    }

    /// Writes the configuration as it was written, with the changes since.
    public void save() {
        save(configFile());
    }

    /// As [#save()] to another file. The file is replaced as a whole: who reads it meanwhile sees
    /// the old one.
    public void save(Path file) {
        try {
            Path parent = file.toAbsolutePath().getParent();
            if (parent == null) {
                throw new InvalidConfigException("not a file: " + file);
            }
            Path fresh =
                    Files.createTempFile(
                            parent,
                            ".config",
                            "",
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rw-r-----")));
            Files.writeString(fresh, config().render());
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new InternalException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    // ---- what it does

    /// What it is doing now.
    public LxcState state() {
        return running().map(Container::state).map(LxcContainer::state).orElse(LxcState.STOPPED);
    }

    private static LxcState state(ContainerState state) {
        return switch (state) {
            case STARTING -> LxcState.STARTING;
            case RUNNING -> LxcState.RUNNING;
            case FROZEN -> LxcState.FROZEN;
            case STOPPING -> LxcState.STOPPING;
            case STOPPED -> LxcState.STOPPED;
        };
    }

    /// True from its start to its end, also while it is frozen.
    public boolean isRunning() {
        return state() != LxcState.STOPPED;
    }

    /// The running container; empty if it does not run.
    public Optional<Container> running() {
        return path.wasUsed() ? path.containers().find(name) : Optional.empty();
    }

    /// The running container.
    ///
    /// @throws PreconditionFailedException if it does not run
    public Container mustRun() {
        return running()
                .orElseThrow(() -> new PreconditionFailedException(name + " is not running"));
    }

    /// @throws NotFoundException if it is neither defined nor running
    public void mustExist() {
        if (!isDefined() && running().isEmpty()) {
            throw new NotFoundException(name + " doesn't exist");
        }
    }

    // ---- life

    /// Starts it and returns when its first program runs. Blocks.
    ///
    /// A start that fails leaves nothing behind.
    ///
    /// @throws io.atoll.base.BusyException if it runs already
    /// @throws InvalidConfigException if the configuration cannot be started
    /// @throws NotFoundException if something that it names is missing
    public Container start(LxcStart request) {
        if (isRunning()) {
            throw new BusyException(name + " is already running");
        }
        ContainerSpec spec = spec(request);
        prepare(spec);
        Container container =
                path.containers().start(spec, new StartOptions(Optional.empty(), request.stdio()));
        new LxcLife(container).begin(config());
        request.pidFile().ifPresent(file -> writePid(file, container.monitorPid()));
        return container;
    }

    /// Writes its processes to disk; [#restore] brings them back. Blocks.
    ///
    /// @throws UnsupportedException if CRIU does not work here
    /// @throws PreconditionFailedException if it does not run, or could not be restored later
    /// @throws UnavailableException with CRIU's own last words if it fails; the container runs on
    ///   then, and nothing but the log is left of it
    public void checkpoint(Checkpoint how) {
        Criu.require();
        ContainerSpec spec = spec();
        if (spec.devices().ttyCount() > 0) {
            throw new PreconditionFailedException(
                    "checkpointing needs lxc.tty.max = 0 in the configuration of "
                            + name
                            + ": terminals other than the console that lead out of it cannot be"
                            + " restored");
        }
        how.run(name, mustRun(), spec);
    }

    /// Brings it back from what [#checkpoint] wrote. Blocks.
    ///
    /// @throws UnsupportedException if CRIU does not work here
    /// @throws UnavailableException with CRIU's own last words if it fails; the container does not
    ///   run then, and its images are as they were
    public Container restore(LxcStart request, CriuRestore from) {
        if (isRunning()) {
            throw new BusyException(name + " is already running");
        }
        if (!Checkpoint.isIn(from.images())) {
            throw new NotFoundException(from.images() + " holds no images of CRIU");
        }
        Criu.require();
        ContainerSpec spec = spec(request);
        prepare(spec);
        StartOptions options =
                new StartOptions(Optional.empty(), Optional.empty(), Optional.of(from));
        Container container;
        try {
            container = path.containers().start(spec, options);
        } catch (UnsupportedException | BusyException e) {
            throw e;
        } catch (DomainException e) {
            Optional<String> words = Checkpoint.lastWords(from.images());
            if (words.isEmpty()) {
                throw e;
            }
            throw new UnavailableException(
                    "criu could not restore " + name + "; its log says: " + words.get(), e);
        }
        new LxcLife(container).begin(config());
        request.pidFile().ifPresent(file -> writePid(file, container.monitorPid()));
        return container;
    }

    /// The container as a start would make it.
    ContainerSpec spec() {
        return spec(LxcStart.DEFAULT);
    }

    /// What a start would do, in the words of [io.atoll.plan.PlanPrinter].
    public String explain(LxcStart request) {
        return PlanPrinter.print(path.containers().explain(spec(request)));
    }

    /// The limits of its configuration that a start passes over, each as a sentence with its key:
    /// those for the version of cgroups that this host does not use for them.
    public List<String> unusedLimits(LxcStart request) {
        return LxcLimits.unused(config(), new OwnHost(this, request).cgroups());
    }

    private ContainerSpec spec(LxcStart request) {
        return new LxcCompiler(name, directory(), config(), request, new OwnHost(this, request))
                .compile();
    }

    /// Directories that the start needs and nobody else makes.
    private void prepare(ContainerSpec spec) {
        try {
            if (spec.hooks().stream().anyMatch(h -> isDuringSetup(h.phase()))) {
                Files.createDirectories(rootfsMount());
            }
        } catch (IOException e) {
            throw new InternalException("cannot prepare the start of " + name + ": " + e, e);
        }
    }

    private static boolean isDuringSetup(HookSpec.Phase phase) {
        return phase == HookSpec.Phase.PRE_MOUNT
                || phase == HookSpec.Phase.MOUNT
                || phase == HookSpec.Phase.AUTODEV;
    }

    Path rootfsMount() {
        return config().find("lxc.rootfs.mount")
                .map(Path::of)
                .orElseGet(() -> path.runDirectory().resolve("rootfs"));
    }

    private static void writePid(Path file, int pid) {
        try {
            Files.writeString(file, Integer.toString(pid));
        } catch (IOException e) {
            throw new InternalException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /// Asks its init to shut down and waits.
    ///
    /// @return false if it still runs when the time is over
    /// @throws PreconditionFailedException if it does not run
    public boolean shutdown(Duration timeout) {
        return mustRun().stop(timeout);
    }

    /// Ends all its processes at once and waits until it is gone.
    ///
    /// @throws PreconditionFailedException if it does not run
    public void stop() {
        mustRun().kill();
    }

    /// Asks its init to reboot; it may do so later or never.
    ///
    /// @throws PreconditionFailedException if it does not run
    public void reboot() {
        mustRun().reboot();
    }

    /// As [#reboot()], and waits until another init runs.
    ///
    /// @return false if that has not happened when the time is over
    public boolean reboot(Duration timeout) {
        Container container = mustRun();
        int before = container.initPid();
        CountDownLatch isDone = new CountDownLatch(1);
        container.onEvent(event -> {
            if (event == ContainerEvent.STARTED) {
                isDone.countDown();
            }
        });
        container.onGone(_ -> isDone.countDown());
        container.reboot();
        try {
            boolean unused = isDone.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
            return container.initPid() != before && container.state() != ContainerState.STOPPED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("interrupted while " + name + " reboots", e);
        }
    }

    /// Stops all its processes where they are and waits until they stand.
    ///
    /// @throws PreconditionFailedException if it does not run
    public void freeze() {
        mustRun().freeze();
    }

    /// Lets them go on. Does nothing if it is not frozen, or does not run.
    ///
    /// @throws PreconditionFailedException if there is no such container
    public void unfreeze() {
        if (isRunning() || !isDefined()) {
            mustRun().thaw();
        }
    }

    /// Waits until it is in one of these states.
    ///
    /// @param timeout empty for ever
    /// @return false if it is in none when the time is over
    /// @throws UnavailableException if the thread is interrupted
    public boolean await(Set<LxcState> wanted, Optional<Duration> timeout) {
        if (wanted.contains(state())) {
            return true;
        }
        if (timeout.filter(Duration::isZero).isPresent()) {
            return false;
        }
        Optional<Instant> deadline = timeout.map(Instant.now()::plus);
        try (LxcEvents events = LxcEvents.open(List.of(path), name::equals)) {
            // It may have got there before anybody looked.
            boolean isReached = wanted.contains(state());
            while (!isReached) {
                Optional<LxcEvent> event =
                        events.next(deadline.map(end -> Duration.between(Instant.now(), end)));
                if (event.isEmpty()) {
                    return false;
                }
                isReached =
                        event.get() instanceof LxcEvent.Changed(_, LxcState state)
                                && wanted.contains(state);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnavailableException("interrupted while waiting for " + name, e);
        }
    }

    // ---- what it uses and where it is

    /// A file of its cgroups, such as `memory.limit_in_bytes`; empty if there is none.
    ///
    /// @throws PreconditionFailedException if it does not run
    public Optional<String> cgroupItem(String file) {
        return cgroup(file).flatMap(files -> files.read(file));
    }

    /// Writes a file of its cgroups.
    ///
    /// @throws NotFoundException if the host has no such controller
    public void setCgroupItem(String file, String value) {
        boolean isDevices = file.equals("devices.allow") || file.equals("devices.deny");
        if (isDevices && !LxcLife.hasDeviceFiles(mustRun())) {
            DeviceRule rule = DeviceRule.parse(file.equals("devices.allow"), value);
            new LxcLife(mustRun()).addRule(rule);
            return;
        }
        cgroup(file)
                .orElseThrow(() -> new NotFoundException("this host has no cgroup file " + file))
                .write(file, value);
    }

    /// @throws InvalidConfigException unless it is the simple name of a file
    private Optional<CgroupFiles> cgroup(String file) {
        if (file.indexOf('/') >= 0 || file.indexOf('.') < 1) {
            throw new InvalidConfigException(
                    "not a cgroup file: " + file + "; expected one such as memory.limit_in_bytes");
        }
        return mustRun().cgroup(file.substring(0, file.indexOf('.')));
    }

    /// Its interfaces as they are inside, each with the host's end if that is one.
    ///
    /// @throws PreconditionFailedException if it does not run
    public List<LxcInterface> interfaces() {
        try (Fd namespace = mustRun().namespaceFd(NamespaceKind.NET);
                Netlink inside = Netlink.openIn(namespace);
                Netlink outside = Netlink.open()) {
            List<Link> host = outside.links();
            List<LinkAddress> addresses = inside.addresses();
            List<LxcInterface> out = new ArrayList<>();
            for (Link link : inside.links()) {
                List<String> own =
                        addresses.stream()
                                .filter(a -> a.linkIndex() == link.index())
                                .filter(a -> a.scope().equals("global"))
                                .map(a -> IpNetwork.text(a.address().address()))
                                .toList();
                out.add(new LxcInterface(link, peer(link, host), own));
            }
            return out;
        }
    }

    private static Optional<Link> peer(Link link, List<Link> host) {
        boolean isVeth = link.kind().filter("veth"::equals).isPresent();
        if (!isVeth || link.parentIndex().isEmpty()) {
            return Optional.empty();
        }
        return host.stream()
                .filter(other -> other.index() == link.parentIndex().getAsInt())
                .filter(other -> other.kind().filter("veth"::equals).isPresent())
                .findFirst();
    }

    /// Its addresses, those of `lo` and link-local ones left out.
    ///
    /// @param isV6 which family
    public List<String> addresses(boolean isV6) {
        return interfaces().stream()
                .filter(i -> !i.link().isLoopback())
                .flatMap(i -> i.addresses().stream())
                .filter(a -> a.contains(":") == isV6)
                .toList();
    }

    // ---- going inside

    /// Runs a command inside.
    ///
    /// @throws PreconditionFailedException if it does not run or is frozen
    public Execution attach(ExecSpec command) {
        return mustRun().exec(command);
    }

    /// Its `lxc.environment`.
    ///
    /// @param caller where names without a value are looked up
    public Map<String, String> environment(Map<String, String> caller) {
        return LxcCompiler.configured(config(), caller);
    }

    /// A terminal of it: 0 for the console, another number for that tty, or empty for the first
    /// free one. Closing it gives it back.
    public TerminalLease console(OptionalInt number) {
        Container container = mustRun();
        if (number.isPresent() && number.getAsInt() == 0) {
            return new TerminalLease(0, container.console(), () -> {});
        }
        return container.leaseTerminal(number);
    }

    // ---- devices

    /// Gives it a device of the host's: the node, and the right to use it.
    ///
    /// @param source the host's node
    /// @param target the path inside
    /// @throws NotFoundException if the host has no such node
    public void addDeviceNode(Path source, String target) {
        LxcDevices.add(mustRun(), source, target, idmap());
    }

    /// Takes a device away again.
    public void removeDeviceNode(Path source, String target) {
        LxcDevices.remove(mustRun(), source, target);
    }

    /// Moves an interface of the host's into it.
    ///
    /// @param inside its name there
    /// @throws NotFoundException if the host has no such interface
    public void attachInterface(String interfaceName, String inside) {
        LxcDevices.moveIn(mustRun(), interfaceName, inside);
    }

    /// Moves one of its interfaces to the host.
    ///
    /// @param outside its name there
    /// @throws NotFoundException if it has no such interface
    public void detachInterface(String interfaceName, String outside) {
        LxcDevices.moveOut(mustRun(), interfaceName, outside);
    }

    /// Mounts a file or directory of the host's inside while it runs. It goes with the container.
    ///
    /// @param source on the host
    /// @param target inside, where there is something already
    /// @param attributes besides those that the mount of the source has
    /// @throws io.atoll.linux.ErrnoException if either is missing
    public void mount(Path source, String target, Set<MountAttribute> attributes) {
        try (Fd inside = mustRun().namespaceFd(NamespaceKind.MNT);
                Fd tree = Mounts.cloneTree(source.toString(), true)) {
            Mounts.setAttributes(tree, attributes, Set.of(), true);
            GuestMounts.attach(inside, tree, target);
        }
    }

    /// Ends the topmost mount at a path inside.
    ///
    /// @return false if nothing is mounted there
    public boolean unmount(String target) {
        try (Fd inside = mustRun().namespaceFd(NamespaceKind.MNT)) {
            return GuestMounts.detach(inside, target);
        }
    }

    /// Its `/dev/pts`; the caller closes it.
    public Fd devpts() {
        try (Fd root = mustRun().rootFd()) {
            return new GuestFiles(root).open("/dev/pts", Fcntl.O_PATH | Fcntl.O_DIRECTORY, 0);
        }
    }

    /// Its id map; that of a privileged container if it has none.
    public Idmap idmap() {
        return LxcCompiler.idmap(config());
    }

    @Override
    public String toString() {
        return name;
    }
}
