package io.atoll.daemon.instance.config;

import io.atoll.base.InvalidConfigException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The value of `limits.cpu.allowance`.
public sealed interface CpuAllowance {
    /// A soft share that counts only when CPUs are busy.
    record Share(int percent) implements CpuAllowance {}

    /// A hard limit: this much CPU time in each period.
    record Quota(long quotaMicros, long periodMicros) implements CpuAllowance {}

    /// @throws InvalidConfigException if the text is neither `50%` nor `25ms/100ms`
    static CpuAllowance parse(String text) {
        Matcher share = Pattern.compile("(\\d{1,6})%").matcher(text);
        if (share.matches()) {
            return new Share(Integer.parseInt(share.group(1)));
        }
        Matcher quota = Pattern.compile("(\\d{1,9})ms/(\\d{1,9})ms").matcher(text);
        if (!quota.matches() || Long.parseLong(quota.group(2)) == 0) {
            throw new InvalidConfigException("Invalid allowance: " + text);
        }
        return new Quota(
                Long.parseLong(quota.group(1)) * 1000, Long.parseLong(quota.group(2)) * 1000);
    }
}
