package io.atoll.network;

import io.atoll.base.UnavailableException;
import io.atoll.linux.Command;
import io.atoll.linux.CommandFailed;
import io.atoll.linux.Commands;
import io.atoll.linux.Fd;
import io.atoll.linux.PidFd;
import io.atoll.linux.ProcFiles;
import io.atoll.linux.Processes;
import io.atoll.linux.Signals;
import io.atoll.linux.WholeFile;
import io.atoll.linux.net.IpNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/// The dnsmasq process of one bridge. It is detached from us: it runs on when the daemon is
/// restarted, and is then recognised by its pid and start time and kept if its configuration is
/// still the same. Not thread-safe.
///
/// Files in the network's directory: `dnsmasq.leases`, `dnsmasq.hosts/` with a file for each
/// network card, `dnsmasq.names/` with one for each that does not ask, `dnsmasq.raw`, `dnsmasq.pid`
/// (its own) and `dnsmasq.run` (ours: pid, start time, digest of the configuration).
final class Dnsmasq {
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(10);

    private final Path directory;

    Dnsmasq(Path directory) {
        this.directory = directory;
    }

    /// Which process is running with which configuration.
    private record Run(Processes.Identity process, String digest) {}

    /// True if the bridge has anything to do for it.
    static boolean isNeeded(BridgeConfig config) {
        boolean hasV4 = config.ipv4().address().isPresent();
        boolean hasV6 = config.ipv6().address().isPresent();
        boolean hasDns = (hasV4 || hasV6) && config.dnsMode() != DnsMode.NONE;
        // IPv6 without DHCP still announces the router.
        return hasDns || hasV6 || hasV4 && config.ipv4().dhcp();
    }

    /// Its arguments; pure. The order is LXD's, because people look for it in `ps`.
    static List<String> arguments(BridgeConfig config, Path directory) {
        String bridge = config.name();
        List<String> args =
                new ArrayList<>(
                        List.of(
                                "dnsmasq",
                                "--strict-order",
                                "--bind-interfaces",
                                "--except-interface=lo",
                                "--pid-file=" + directory.resolve("dnsmasq.pid"),
                                "--no-ping",
                                "--interface=" + bridge,
                                "--dhcp-rapid-commit",
                                "--quiet-dhcp",
                                "--quiet-dhcp6",
                                "--quiet-ra"));
        config.ipv4().address().ifPresent(address -> addIpv4(args, config, address, directory));
        config.ipv6().address().ifPresent(address -> addIpv6(args, config, address));
        addDns(args, config, directory);
        config.neighborProxy()
                .ifPresent(_ -> args.add("--dhcp-script=" + NeighborProxy.script(directory)));
        args.add("--conf-file=" + directory.resolve("dnsmasq.raw"));
        args.add("-u");
        args.add("nobody");
        return args;
    }

    private static void addIpv4(
            List<String> args, BridgeConfig config, IpNetwork address, Path directory) {
        IpSettings ip = config.ipv4();
        args.add("--listen-address=" + IpNetwork.text(address.address()));
        addLeases(args, directory);
        if (!ip.dhcp()) {
            return;
        }
        ip.gateway()
                .ifPresent(gateway -> args.add("--dhcp-option-force=3," + IpNetwork.text(gateway)));
        config.mtu()
                .filter(mtu -> mtu != BridgeConfig.MTU_DEFAULT)
                .ifPresent(mtu -> args.add("--dhcp-option-force=26," + mtu));
        if (!config.dnsSearch().isEmpty()) {
            args.add("--dhcp-option-force=119," + config.dnsSearch());
        }
        List<IpRange> ranges = ip.ranges().isEmpty() ? wholeNetwork(address) : ip.ranges();
        for (IpRange range : ranges) {
            args.add("--dhcp-range");
            args.add(
                    IpNetwork.text(range.first())
                            + ","
                            + IpNetwork.text(range.last())
                            + ","
                            + ip.expiry());
        }
    }

    /// All but the network's, the bridge's and the broadcast address. A bridge in the middle splits
    /// the range.
    private static List<IpRange> wholeNetwork(IpNetwork address) {
        if (address.prefix() > 30) {
            return List.of();
        }
        var own = IpNetwork.toNumber(address.address());
        var first = IpNetwork.toNumber(address.atIndex(1));
        var last = IpNetwork.toNumber(address.atIndex(-2));
        var one = BigInteger.ONE;
        List<IpRange> ranges = new ArrayList<>();
        if (first.compareTo(own) < 0) {
            ranges.add(
                    new IpRange(
                            IpNetwork.fromNumber(first, false),
                            IpNetwork.fromNumber(own.subtract(one), false)));
        }
        if (own.compareTo(last) < 0) {
            ranges.add(
                    new IpRange(
                            IpNetwork.fromNumber(own.add(one), false),
                            IpNetwork.fromNumber(last, false)));
        }
        return ranges;
    }

    private static void addLeases(List<String> args, Path directory) {
        args.add("--dhcp-no-override");
        args.add("--dhcp-authoritative");
        args.add("--dhcp-leasefile=" + directory.resolve("dnsmasq.leases"));
        // New files are read as they appear; with a hostsfile each start of an instance would read
        // all files again.
        args.add("--dhcp-hostsdir=" + directory.resolve("dnsmasq.hosts"));
    }

    private static void addIpv6(List<String> args, BridgeConfig config, IpNetwork address) {
        IpSettings ip = config.ipv6();
        args.add("--listen-address=" + IpNetwork.text(address.address()));
        args.add("--enable-ra");
        if (!ip.dhcp()) {
            args.add("--dhcp-range");
            args.add("::,constructor:" + config.name() + ",ra-only");
            return;
        }
        // Only a /64 lets instances choose an address by themselves.
        if (!ip.isLeased()) {
            args.add("--dhcp-range");
            args.add("::,constructor:" + config.name() + ",ra-stateless,ra-names");
            return;
        }
        List<IpRange> ranges =
                ip.ranges().isEmpty()
                        ? List.of(new IpRange(address.atIndex(2), address.atIndex(-1)))
                        : ip.ranges();
        for (IpRange range : ranges) {
            args.add("--dhcp-range");
            args.add(
                    IpNetwork.text(range.first())
                            + ","
                            + IpNetwork.text(range.last())
                            + ","
                            + address.prefix()
                            + ","
                            + ip.expiry());
        }
    }

    private static void addDns(List<String> args, BridgeConfig config, Path directory) {
        if (config.dnsMode() == DnsMode.NONE) {
            args.add("--port=0");
            return;
        }
        if (config.dnsMode() == DnsMode.MANAGED) {
            // An instance must not be able to take another's name by asking for it.
            args.add("--dhcp-ignore-names");
        }
        args.add("-s");
        args.add(config.dnsDomain());
        args.add("--interface-name");
        args.add("_gateway." + config.dnsDomain() + "," + config.name());
        args.add("-S");
        args.add("/" + config.dnsDomain() + "/");
        args.add("--hostsdir=" + GivenNames.directory(directory));
    }

    /// Makes it run with this configuration: starts it, keeps it, or stops and starts it. Blocks.
    ///
    /// @throws UnavailableException with its own words if it does not start
    void ensure(BridgeConfig config) {
        if (!isNeeded(config)) {
            stop();
            return;
        }
        List<String> args = arguments(config, directory);
        String digest = digest(args, config.rawDnsmasq());
        if (running().filter(run -> run.digest().equals(digest)).isPresent()) {
            return;
        }
        stop();
        write("dnsmasq.raw", config.rawDnsmasq() + "\n");
        start(config, args);
        Processes.Identity process =
                ownPid().flatMap(Processes::identity)
                        .orElseThrow(() ->
                                new UnavailableException(
                                        "dnsmasq of network " + config.name() + " ended at once"));
        write("dnsmasq.run", process.pid() + " " + process.startTicks() + " " + digest + "\n");
    }

    private static void start(BridgeConfig config, List<String> args) {
        try {
            Commands.run(Command.of(args).timeout(START_TIMEOUT));
        } catch (CommandFailed e) {
            boolean isMissing = e.exit() < 0 && Commands.find("dnsmasq").isEmpty();
            String hint =
                    isMissing ? "dnsmasq is not installed (package dnsmasq-base)" : e.getMessage();
            throw new UnavailableException(
                    "Failed to start DHCP and DNS of network \"" + config.name() + "\": " + hint,
                    e);
        }
    }

    /// Stops it and waits for the end. Not running is fine.
    void stop() {
        Optional<Processes.Identity> process = running().map(Run::process).or(this::orphan);
        process.ifPresent(Dnsmasq::end);
        delete("dnsmasq.run");
        delete("dnsmasq.pid");
    }

    private static void end(Processes.Identity process) {
        Optional<Fd> handle = PidFd.open(process.pid());
        if (handle.isEmpty()) {
            return;
        }
        try (Fd pidFd = handle.get()) {
            // Only now the pid cannot change its meaning any more.
            if (!Processes.isAlive(process)) {
                return;
            }
            PidFd.sendSignal(pidFd, Signals.SIGTERM);
            if (!PidFd.waitGone(pidFd, STOP_TIMEOUT)) {
                PidFd.sendSignal(pidFd, Signals.SIGKILL);
                PidFd.waitGone(pidFd, STOP_TIMEOUT);
            }
        }
    }

    /// Lets it read all host files again: needed after one was changed or removed, not for a new
    /// one.
    void reload() {
        running()
                .ifPresent(run -> {
                    try (Fd pidFd = PidFd.open(run.process().pid()).orElse(null)) {
                        if (pidFd != null && Processes.isAlive(run.process())) {
                            PidFd.sendSignal(pidFd, Signals.SIGHUP);
                        }
                    }
                });
    }

    boolean isRunning() {
        return running().isPresent();
    }

    private Optional<Run> running() {
        return read("dnsmasq.run")
                .flatMap(Dnsmasq::parse)
                .filter(run -> Processes.isAlive(run.process()));
    }

    private static Optional<Run> parse(String text) {
        String[] fields = text.strip().split(" ");
        try {
            return Optional.of(
                    new Run(
                            new Processes.Identity(
                                    Integer.parseInt(fields[0]), Long.parseLong(fields[1])),
                            fields[2]));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException _) {
            return Optional.empty();
        }
    }

    /// One that was started by a daemon which died before it could write down the fact: it says
    /// itself, in its arguments, whose it is.
    private Optional<Processes.Identity> orphan() {
        String argument = "--pid-file=" + directory.resolve("dnsmasq.pid");
        return ownPid().filter(pid -> List.of(commandLine(pid).split("\0")).contains(argument))
                .flatMap(Processes::identity);
    }

    private static String commandLine(int pid) {
        return ProcFiles.readIfPresent("/proc/" + pid + "/cmdline").orElse("");
    }

    private Optional<Integer> ownPid() {
        return read("dnsmasq.pid")
                .map(String::strip)
                .filter(text -> text.matches("[0-9]{1,9}"))
                .map(Integer::valueOf);
    }

    private static String digest(List<String> args, String raw) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            byte[] text = (String.join("\0", args) + "\0" + raw).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(sha.digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private Optional<String> read(String file) {
        return ProcFiles.readIfPresent(directory.resolve(file).toString());
    }

    private void write(String file, String text) {
        try {
            WholeFile.write(directory.resolve(file), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete(String file) {
        try {
            Files.deleteIfExists(directory.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
