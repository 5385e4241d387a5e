package io.atoll.lxcfs;

import io.atoll.base.DomainException;
import io.atoll.linux.ErrnoException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.List;

/// The command `lxcfs`.
public final class Main {
    private Main() {}

    /// Mounts and serves until unmounted or ended by a signal.
    public static void main(String[] args) {
        int status = run(List.of(args), System.out, System.err);
        // FUSE threads may be inside read(2), which only the end of the process ends.
        Runtime.getRuntime().halt(status);
    }

    static int run(List<String> args, PrintStream out, PrintStream err) {
        if (args.contains("-h") || args.contains("--help")) {
            out.print(LxcfsOptions.USAGE);
            return 0;
        }
        if (args.contains("-v") || args.contains("--version")) {
            out.println(version());
            return 0;
        }
        try {
            serve(LxcfsOptions.parse(args));
            return 0;
        } catch (DomainException | ErrnoException | IOException e) {
            err.println("lxcfs: " + e.getMessage());
            return 1;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private static void serve(LxcfsOptions options) throws IOException, InterruptedException {
        Lxcfs lxcfs = Lxcfs.mount(options);
        Runtime.getRuntime().addShutdownHook(new Thread(lxcfs::close));
        if (options.pidFile().isPresent()) {
            Files.writeString(options.pidFile().get(), ProcessHandle.current().pid() + "\n");
        }
        lxcfs.await();
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
