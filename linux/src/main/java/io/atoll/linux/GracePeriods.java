package io.atoll.linux;

import io.atoll.base.LazyLogger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Lets the kernel hurry its grace periods, host-wide, while somebody waits for the end of
/// processes: closing a packet socket or an inotify descriptor takes 0.1 ms then instead of 10 to
/// 40 ms. `/sys/kernel/rcu_expedited` is the switch (Documentation/RCU/Design/Requirements of the
/// kernel); each grace period then interrupts the processors that are not idle, as each umount(2)
/// does anyway.
///
/// Whoever switches it on says so in a file, the mark, and holds a lock on that: the last of all
/// switches it off again, and what a killed one left on is switched off by the next. A host where
/// somebody else has switched it on stays so. Nothing is done without the right to write there, or
/// where processors are kept from being disturbed (`nohz_full`, `isolcpus`, a kernel with
/// `PREEMPT_RT`).
public final class GracePeriods {
    private static final System.Logger LOG = LazyLogger.of(GracePeriods.class);

    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int OWNER_ONLY = 0600;

    private final Path control;
    private final List<Path> undisturbed;
    private final Path mark;

    /// @param mark a file that all who share it name alike, made when it is needed; on a file
    ///   system that is emptied at boot
    public GracePeriods(Path mark) {
        this(
                Path.of("/sys/kernel/rcu_expedited"),
                List.of(
                        Path.of("/sys/devices/system/cpu/nohz_full"),
                        Path.of("/sys/devices/system/cpu/isolated"),
                        Path.of("/sys/kernel/realtime")),
                mark);
    }

    GracePeriods(Path control, List<Path> undisturbed, Path mark) {
        this.control = control;
        this.undisturbed = undisturbed;
        this.mark = mark;
    }

    /// They are hurried until the answer is closed. Does not wait and does not fail: where it
    /// cannot be done, nothing is.
    public Hurry hurry() {
        Optional<Fd> setting = Optional.empty();
        Optional<Fd> holder = Optional.empty();
        try {
            // Most hosts have not all of them, and what is missing is cheaper to see than to fail
            // on.
            if (undisturbed.stream().filter(Files::exists).anyMatch(GracePeriods::hasDigits)) {
                return new Hurry(Optional.empty(), Optional.empty());
            }
            setting = Optional.of(Opens.open(control.toString(), Fcntl.O_RDWR, 0));
            holder =
                    Optional.of(
                            Opens.open(mark.toString(), Fcntl.O_RDWR | Fcntl.O_CREAT, OWNER_ONLY));
            long unused = Syscalls.call(Sys.FLOCK, mark, holder.get().number(), LOCK_SH);
            if (!isOn(setting.get())) {
                // In this order: what is on without a mark would stay so.
                set(holder.get(), true);
                set(setting.get(), true);
            }
            return new Hurry(setting, holder);
        } catch (ErrnoException e) {
            LOG.log(System.Logger.Level.DEBUG, "grace periods are not hurried", e);
            holder.ifPresent(Fd::close);
            setting.ifPresent(Fd::close);
            return new Hurry(Optional.empty(), Optional.empty());
        }
    }

    /// Switches off what somebody who was killed left on.
    public void recover() {
        if (Files.exists(mark)) {
            hurry().close();
        }
    }

    private static boolean hasDigits(Path file) {
        // Where no processor is meant the kernel says "(null)" or nothing.
        return ProcFiles.readIfPresent(file.toString())
                .filter(text -> text.chars().anyMatch(Character::isDigit))
                .isPresent();
    }

    private static boolean isOn(Fd file) {
        byte[] first = new byte[1];
        return FdIo.pread(file, first, 0, 1, 0) == 1 && first[0] != '0';
    }

    private static void set(Fd file, boolean isOn) {
        int unused = FdIo.pwrite(file, (isOn ? "1" : "0").getBytes(StandardCharsets.US_ASCII), 0);
    }

    /// Holds the switch; for one thread.
    public static final class Hurry implements AutoCloseable {
        private final Optional<Fd> setting;
        private final Optional<Fd> holder;

        private Hurry(Optional<Fd> setting, Optional<Fd> holder) {
            this.setting = setting;
            this.holder = holder;
        }

        @Override
        public void close() {
            try {
                holder.filter(Hurry::isLast).ifPresent(this::switchOff);
            } catch (ErrnoException e) {
                LOG.log(System.Logger.Level.WARNING, "grace periods stay hurried: ", e);
            } finally {
                holder.ifPresent(Fd::close);
                setting.ifPresent(Fd::close);
            }
        }

        /// Of several that ask at once the kernel grants it to exactly one: who is refused has lost
        /// the shared lock by asking; flock(2).
        private static boolean isLast(Fd holder) {
            return Syscalls.raw(Sys.FLOCK, holder.number(), LOCK_EX | LOCK_NB) == 0;
        }

        private void switchOff(Fd mark) {
            if (isOn(mark)) {
                set(setting.orElseThrow(), false);
                set(mark, false);
            }
        }
    }
}
