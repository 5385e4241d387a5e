package io.atoll.runtime;

import io.atoll.linux.Seccomp;
import io.atoll.runtime.spec.SeccompSpec;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Compiles seccomp specs by libseccomp. Nearly all containers of a host have the same one or two,
/// so that programs are kept.
final class SeccompFilters {
    private static final int KEPT_MAX = 64;

    private static final Map<SeccompSpec, byte[]> KEPT = new ConcurrentHashMap<>();

    private SeccompFilters() {}

    static byte[] compile(SeccompSpec spec) {
        byte[] known = KEPT.get(spec);
        if (known != null) {
            return known;
        }
        byte[] program =
                Seccomp.compile(
                        new Seccomp.Filter(
                                action(spec.otherwise()),
                                spec.rules().stream().map(SeccompFilters::rule).toList(),
                                spec.isNativeOnly()));
        if (KEPT.size() < KEPT_MAX) {
            KEPT.put(spec, program);
        }
        return program;
    }

    private static Seccomp.Rule rule(SeccompSpec.Rule rule) {
        return new Seccomp.Rule(
                rule.syscall(),
                action(rule.action()),
                rule.arguments().stream()
                        .map(a ->
                                new Seccomp.Argument(
                                        a.index(), comparison(a.comparison()), a.value(), a.mask()))
                        .toList());
    }

    private static Seccomp.Action action(SeccompSpec.Action action) {
        return switch (action) {
            case SeccompSpec.Action.Allow _ -> new Seccomp.Action.Allow();
            case SeccompSpec.Action.Errno(int code) -> new Seccomp.Action.Refuse(code);
            case SeccompSpec.Action.KillThread _, SeccompSpec.Action.KillProcess _ ->
                    new Seccomp.Action.Kill();
            case SeccompSpec.Action.Trap _ -> new Seccomp.Action.Trap();
            case SeccompSpec.Action.Log _ -> new Seccomp.Action.Log();
            case SeccompSpec.Action.Notify _ -> new Seccomp.Action.Notify();
        };
    }

    private static Seccomp.Comparison comparison(SeccompSpec.Comparison comparison) {
        return switch (comparison) {
            case NE -> Seccomp.Comparison.NOT_EQUAL;
            case LT -> Seccomp.Comparison.LESS;
            case LE -> Seccomp.Comparison.LESS_OR_EQUAL;
            case EQ -> Seccomp.Comparison.EQUAL;
            case GE -> Seccomp.Comparison.GREATER_OR_EQUAL;
            case GT -> Seccomp.Comparison.GREATER;
            case MASKED_EQ -> Seccomp.Comparison.MASKED_EQUAL;
        };
    }
}
