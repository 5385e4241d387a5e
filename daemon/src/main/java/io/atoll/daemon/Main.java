package io.atoll.daemon;

import io.atoll.api.Version;
import io.atoll.base.DomainException;
import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.event.Events;
import io.atoll.linux.Syslog;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/// `atolld`: reads the options, runs one daemon until a signal or a request ends it.
///
/// TERM and INT end the daemon and leave the instances running; PWR stops the instances first; HUP
/// means nothing.
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        DaemonOptions options;
        try {
            options =
                    DaemonOptions.parse(List.of(args), System.getenv())
                            .activated("inherited".equals(System.getProperty("atoll.socket")));
        } catch (InvalidConfigException e) {
            System.err.println("atolld: " + e.getMessage());
            System.err.print(DaemonOptions.USAGE);
            System.exit(2);
            return;
        }
        if (options.isHelp()) {
            System.out.print(DaemonOptions.USAGE);
            return;
        }
        if (options.isVersion()) {
            System.out.println(Version.ATOLL);
            return;
        }
        System.exit(run(options));
    }

    private static int run(DaemonOptions options) {
        Events events = new Events();
        try {
            Logs.open(options.log(), System.err, new Syslog("daemon"), events);
            serve(Daemon.open(options, events));
            return 0;
        } catch (DomainException | IOException e) {
            System.err.println("atolld: " + e.getMessage());
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private static void serve(Daemon daemon) throws InterruptedException {
        try (daemon) {
            daemon.start();
            listenForSignals(daemon);
            ServiceManager.tellReady(Optional.ofNullable(System.getenv("NOTIFY_SOCKET")));
            daemon.awaitExit();
        }
    }

    /// After the start, which it would delay; a signal before that ends the process, which loses
    /// nothing. Not a shutdown hook: those run beside the one that silences the log.
    private static void listenForSignals(Daemon daemon) {
        Signal.handle("TERM", daemon::requestExit);
        Signal.handle("INT", daemon::requestExit);
        Signal.handle("HUP", () -> {});
        Signal.handle(
                "PWR",
                () -> {
                    daemon.stopInstances();
                    daemon.requestExit();
                });
    }
}
