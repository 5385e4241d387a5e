package io.atoll.lxctools.command;

import io.atoll.lxctools.Call;
import io.atoll.lxctools.Tool;
import io.atoll.lxctools.ToolException;
import io.atoll.lxctools.ToolOption;
import io.atoll.lxctools.ToolSpec;
import io.atoll.runtime.lxc.LxcContainer;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// `lxc-stop`: shuts a container down, reboots it, or ends it by force.
public final class StopTool implements Tool {
    private static final int NOT_RUNNING = 2;
    private static final long TIMEOUT_SECONDS = 60;
    private static final Duration FOREVER = Duration.ofDays(3650);
    private static final Duration DESTROY = Duration.ofSeconds(30);

    @Override
    public ToolSpec spec() {
        return ToolSpec.of(
                "-n NAME [-r | -k] [-W] [-t SECONDS]",
                "Asks a container to shut down, and ends it by force if it does not within 60 s.",
                ToolOption.flag('r', "reboot", "Reboot it"),
                ToolOption.flag('k', "kill", "End it at once"),
                ToolOption.flag('W', "nowait", "Do not wait until it is done"),
                ToolOption.value(
                        't', "timeout", "SECONDS", "Wait that long, -1 for ever (default 60)"),
                ToolOption.flag("nolock", "With -k: take no locks (there are none)"),
                ToolOption.flag("nokill", "Do not end it by force when the time is over"));
    }

    @Override
    public int run(Call call) {
        boolean isKill = call.options().has("kill");
        checkCombination(call, isKill);
        LxcContainer container = call.container();
        if (!container.isRunning()) {
            call.error(container.name() + " is not running");
            return NOT_RUNNING;
        }
        if (isKill) {
            container.stop();
            return awaitDestroyed(call, container);
        }
        Duration timeout = timeout(call);
        if (call.options().has("reboot")) {
            return reboot(call, container, timeout);
        }
        return shutdown(call, container, timeout);
    }

    private static void checkCombination(Call call, boolean isKill) {
        if (!isKill && call.options().has("nolock")) {
            throw new ToolException("--nolock may only be used with -k");
        }
        if (isKill && call.options().has("nokill")) {
            throw new ToolException("-k can't be used with --nokill");
        }
        if (isKill && call.options().has("reboot")) {
            throw new ToolException("-k can't be used with -r");
        }
        if (isKill && call.options().has("timeout")) {
            throw new ToolException("-k doesn't allow timeouts");
        }
    }

    private static Duration timeout(Call call) {
        if (call.options().has("nowait")) {
            return Duration.ZERO;
        }
        long seconds = call.number("timeout").orElse(TIMEOUT_SECONDS);
        return seconds < 0 ? FOREVER : Duration.ofSeconds(seconds);
    }

    private static int reboot(Call call, LxcContainer container, Duration timeout) {
        if (timeout.isZero()) {
            container.reboot();
            return 0;
        }
        if (container.reboot(timeout)) {
            return 0;
        }
        call.error("did not reboot within " + timeout.toSeconds() + " s");
        return 1;
    }

    private static int shutdown(Call call, LxcContainer container, Duration timeout) {
        if (container.shutdown(timeout)) {
            return awaitDestroyed(call, container);
        }
        if (call.options().has("nowait")) {
            return 0;
        }
        if (call.options().has("nokill")) {
            call.error("still runs after " + timeout.toSeconds() + " s");
            return 1;
        }
        container.stop();
        return awaitDestroyed(call, container);
    }

    /// An ephemeral container is destroyed by its monitor's last hook, which takes a moment.
    ///
    /// @return the exit status
    private static int awaitDestroyed(Call call, LxcContainer container) {
        Optional<String> ephemeral = container.config().find("lxc.ephemeral");
        if (ephemeral.filter("1"::equals).isEmpty()) {
            return 0;
        }
        Instant deadline = Instant.now().plus(DESTROY);
        while (Files.exists(container.configFile())) {
            if (Instant.now().isAfter(deadline)) {
                call.error(
                        "stopped, but is still there after "
                                + DESTROY.toSeconds()
                                + " s; lxc-destroy -n "
                                + container.name()
                                + " says why");
                return 1;
            }
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        return 0;
    }
}
