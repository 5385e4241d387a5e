package io.atoll.daemon.instance.exec;

import io.atoll.base.DomainException;
import io.atoll.base.InternalException;
import io.atoll.base.InvalidConfigException;
import io.atoll.base.json.Json;
import io.atoll.daemon.device.attach.AttachedDevices;
import io.atoll.daemon.event.Lifecycle;
import io.atoll.daemon.http.Request;
import io.atoll.daemon.http.Response;
import io.atoll.daemon.http.Right;
import io.atoll.daemon.http.Route;
import io.atoll.daemon.http.Routes;
import io.atoll.daemon.instance.InstanceRecord;
import io.atoll.daemon.instance.Instances;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.daemon.operation.Operation;
import io.atoll.daemon.operation.OperationSockets;
import io.atoll.daemon.operation.OperationSpec;
import io.atoll.daemon.operation.Operations;
import io.atoll.linux.Errno;
import io.atoll.linux.Fcntl;
import io.atoll.linux.Fd;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.Opens;
import io.atoll.plan.Section;
import io.atoll.runtime.Container;
import io.atoll.runtime.ExecSpec;
import io.atoll.runtime.Execution;
import io.atoll.runtime.StepFailed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;

/// `POST /1.0/instances/NAME/exec`.
public final class ExecRoutes implements Routes {
    private static final int NOT_EXECUTABLE = 126;
    private static final int NOT_FOUND = 127;
    private static final String PATH =
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final Instances instances;
    private final Operations operations;

    public ExecRoutes(Instances instances, Operations operations) {
        this.instances = instances;
        this.operations = operations;
    }

    @Override
    public List<Route> routes() {
        return Instances.both(
                "/{name}/exec", p -> Route.post(p).needs(Right.OPERATE).run(this::exec));
    }

    private Response exec(Request request) throws IOException {
        InstanceRecord instance = instances.of(request);
        ExecRequest wanted = ExecRequest.parse(request.json());
        Container container = instances.usable(instance);
        Surroundings inside = Surroundings.look(container);
        Map<String, String> environment = environment(instance, wanted, inside);
        UnaryOperator<ExecSpec> adjust = spec -> adjust(spec, wanted, environment, inside);
        Response response =
                wanted.isAttached()
                        ? attached(instance, container, wanted, environment, adjust)
                        : detached(instance, container, wanted, adjust);
        instances.tell(
                new Lifecycle(
                        "instance-exec",
                        Instances.url(instance),
                        Optional.of(instance.project()),
                        Json.object().put("command", wanted.command())));
        return response;
    }

    /// What depends on the files inside.
    private record Surroundings(boolean hasSnaps, boolean isNixos, boolean hasRootHome) {
        static Surroundings look(Container container) {
            try (Fd root = container.rootFd()) {
                GuestFiles files = new GuestFiles(root);
                return new Surroundings(
                        files.exists("/snap"), files.exists("/etc/NIXOS"), files.exists("/root"));
            }
        }
    }

    private Map<String, String> environment(
            InstanceRecord instance, ExecRequest wanted, Surroundings inside) {
        Map<String, String> out = new TreeMap<>();
        String path = inside.hasSnaps() ? PATH + ":/snap/bin" : PATH;
        out.put("PATH", inside.isNixos() ? path + ":/run/current-system/sw/bin" : path);
        if (wanted.user() == 0) {
            out.put("HOME", "/root");
            out.put("USER", "root");
        }
        out.put("LANG", "C.UTF-8");
        // As in process 1: programs look whether they are in a container.
        out.put("container", "lxc");
        Expansion expanded = instances.expand(instance);
        out.putAll(AttachedDevices.environment(expanded.devices()));
        out.putAll(expanded.typed().below(ConfigKeys.ENVIRONMENT));
        out.putAll(wanted.environment());
        return out;
    }

    private static ExecSpec adjust(
            ExecSpec spec,
            ExecRequest wanted,
            Map<String, String> environment,
            Surroundings inside) {
        String home = wanted.user() == 0 && inside.hasRootHome() ? "/root" : "/";
        return spec.withEnv(environment)
                .as(wanted.user(), wanted.group())
                .in(wanted.cwd().isEmpty() ? home : wanted.cwd());
    }

    private Response attached(
            InstanceRecord instance,
            Container container,
            ExecRequest wanted,
            Map<String, String> environment,
            UnaryOperator<ExecSpec> adjust) {
        OperationSockets sockets = new OperationSockets(ExecSession.socketNames(wanted));
        Json metadata =
                Json.object()
                        .put("command", wanted.command())
                        .put("environment", environment)
                        .put("fds", sockets.secrets())
                        .put("interactive", wanted.isInteractive());
        OperationSpec spec =
                Instances.about(
                        OperationSpec.websocket("Executing command", instance.project(), sockets)
                                .metadata(metadata),
                        instance);
        ExecSession session = new ExecSession(container, sockets, adjust);
        return operations
                .start(spec, operation -> report(operation, orRefused(() -> session.run(wanted))))
                .response();
    }

    private Response detached(
            InstanceRecord instance,
            Container container,
            ExecRequest wanted,
            UnaryOperator<ExecSpec> adjust) {
        OperationSpec spec =
                Instances.about(
                        OperationSpec.task("Executing command", instance.project()), instance);
        return operations
                .start(
                        spec,
                        operation -> {
                            int status =
                                    wanted.isRecorded()
                                            ? record(instance, container, wanted, adjust, operation)
                                            : run(
                                                    container,
                                                    ExecSpec.of(
                                                            wanted.command(),
                                                            new ExecSpec.Stdio.None()),
                                                    adjust);
                            report(operation, status);
                        })
                .response();
    }

    private static int run(Container container, ExecSpec spec, UnaryOperator<ExecSpec> adjust) {
        ExecSpec adjusted = adjust.apply(spec);
        return orRefused(() -> {
            try (Execution command = container.exec(surviving(adjusted))) {
                return command.waitExit();
            }
        });
    }

    /// A command's end, or the status that shells give a program that does not start: 127 if it is
    /// missing, 126 if the kernel will not run it.
    private static int orRefused(Callable<Integer> command) {
        try {
            return command.call();
        } catch (DomainException e) {
            if (e.getCause() instanceof StepFailed failed
                    && failed.section() == Section.INIT
                    && failed.call().equals("execve")) {
                return failed.errno() == Errno.ENOENT || failed.errno() == Errno.ENOTDIR
                        ? NOT_FOUND
                        : NOT_EXECUTABLE;
            }
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InternalException("Interrupted while the command ran", e);
        } catch (Exception e) {
            throw new InternalException("The command could not be run: " + e.getMessage(), e);
        }
    }

    /// Nobody is attached, so a restart of the daemon is no reason to kill it.
    private static ExecSpec surviving(ExecSpec spec) {
        return new ExecSpec(
                spec.argv(),
                spec.env(),
                spec.cwd(),
                spec.uid(),
                spec.gid(),
                spec.groups(),
                spec.stdio(),
                spec.skipped(),
                spec.isPrivileged(),
                false);
    }

    private int record(
            InstanceRecord instance,
            Container container,
            ExecRequest wanted,
            UnaryOperator<ExecSpec> adjust,
            Operation operation)
            throws IOException {
        Path logs = instances.makeLogs(instance);
        String out = "exec_" + operation.id() + ".stdout";
        String err = "exec_" + operation.id() + ".stderr";
        int flags = Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL;
        try (Fd nothing = Opens.open("/dev/null", Fcntl.O_RDONLY, 0);
                Fd outFile = Opens.open(logs.resolve(out).toString(), flags, 0600);
                Fd errFile = Opens.open(logs.resolve(err).toString(), flags, 0600)) {
            ExecSpec.Stdio stdio = new ExecSpec.Stdio.Fds(nothing, outFile, errFile);
            int status = run(container, ExecSpec.of(wanted.command(), stdio), adjust);
            String base = "/1.0/instances/" + instance.name() + "/logs/";
            operation.update("output", Json.object().put("1", base + out).put("2", base + err));
            return status;
        }
    }

    /// Tells the status, which for two numbers is a failure of the operation too.
    ///
    /// @throws InvalidConfigException in LXD's words for 126 and 127
    private static void report(Operation operation, int status) {
        operation.update("return", Json.number(status));
        switch (status) {
            case NOT_FOUND -> throw new InvalidConfigException("Command not found");
            case NOT_EXECUTABLE -> throw new InvalidConfigException("Command not executable");
            default -> {
                if (status < 0) {
                    throw new InternalException("The end of the command was seen by nobody");
                }
            }
        }
    }
}
