package io.atoll.lxctools.disk;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Invocation;
import io.atoll.lxctools.ToolRunner;
import java.util.ArrayList;
import java.util.List;

/// One tool that calls another, as a script would.
public final class SubTool {
    private SubTool() {}

    /// Calls a tool for the same caller.
    ///
    /// @return its exit status
    public static int run(Call call, String program, List<String> args) {
        Invocation own = call.invocation();
        List<String> all = new ArrayList<>();
        all.addAll(List.of("-P", call.path().directory().toString()));
        all.addAll(args);
        return ToolRunner.run(
                new Invocation(
                        program,
                        own.home(),
                        all,
                        own.env(),
                        own.cwd(),
                        own.in(),
                        own.out(),
                        own.err(),
                        own.host()));
    }
}
