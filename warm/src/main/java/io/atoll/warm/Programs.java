package io.atoll.warm;

import io.atoll.cli.Cli;
import io.atoll.lxctools.ToolRunner;

/// Runs a command for a caller.
@FunctionalInterface
interface Programs {
    /// Runs it and returns its exit status. Blocks; what it throws becomes words on the caller's
    /// stderr and status 1, as if a JVM of its own had ended by it.
    int run(Request request, Caller caller);

    /// All commands of this installation.
    static Programs installed(String home) {
        return (request, caller) ->
                request.program().startsWith("lxc-")
                        ? ToolRunner.run(
                                new io.atoll.lxctools.Invocation(
                                        request.program(),
                                        home,
                                        request.args(),
                                        request.env(),
                                        request.cwd(),
                                        caller.in(),
                                        caller.out(),
                                        caller.err(),
                                        new ToolHost(caller)))
                        : Cli.run(
                                new io.atoll.cli.Invocation(
                                        request.program(),
                                        home,
                                        request.args(),
                                        request.env(),
                                        request.cwd(),
                                        caller.in(),
                                        caller.out(),
                                        caller.err(),
                                        new CliHost(caller)));
    }
}
