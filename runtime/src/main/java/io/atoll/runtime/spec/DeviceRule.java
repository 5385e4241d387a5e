package io.atoll.runtime.spec;

import io.atoll.base.InvalidConfigException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One rule of the device cgroup, in the kernel's own words: `c 1:3 rwm`, `b *:* m`, or `a` for
/// everything; kernel document admin-guide/cgroup-v1/devices.
///
/// @param isAllowed allow or deny
/// @param type `a`, `c` or `b`
/// @param major [#ANY] or a number
/// @param minor [#ANY] or a number
/// @param access some of `rwm`
public record DeviceRule(boolean isAllowed, char type, int major, int minor, String access) {
    /// Any number, `*` in text.
    public static final int ANY = -1;

    /// Everything denied: what an allow list starts with.
    public static final DeviceRule DENY_ALL = new DeviceRule(false, 'a', ANY, ANY, "rwm");

    /// Everything allowed.
    public static final DeviceRule ALLOW_ALL = new DeviceRule(true, 'a', ANY, ANY, "rwm");

    private static final Pattern TEXT =
            Pattern.compile(
                    "a(?:\\s+\\*:\\*(?:\\s+[rwm]{1,3})?)?|([cb])\\s+(\\*|\\d{1,7}):(\\*|\\d{1,7})\\s+([rwm]{1,3})");

    public DeviceRule {
        if (type != 'a' && type != 'c' && type != 'b'
                || access.isEmpty()
                || !access.matches("[rwm]+")) {
            throw new InvalidConfigException("device rule is not `a` or `TYPE MAJOR:MINOR ACCESS`");
        }
    }

    /// @throws InvalidConfigException if the text is no rule of the kernel's
    public static DeviceRule parse(boolean isAllowed, String text) {
        Matcher m = TEXT.matcher(text.strip());
        if (!m.matches()) {
            throw new InvalidConfigException(
                    "device rule `"
                            + text
                            + "` is not `a` or `TYPE MAJOR:MINOR ACCESS`, such as `c 1:3 rwm`");
        }
        if (m.group(1) == null) {
            return isAllowed ? ALLOW_ALL : DENY_ALL;
        }
        return new DeviceRule(
                isAllowed,
                m.group(1).charAt(0),
                number(m.group(2)),
                number(m.group(3)),
                m.group(4));
    }

    private static int number(String text) {
        return text.equals("*") ? ANY : Integer.parseInt(text);
    }

    /// True for `a`, which forgets all rules before it.
    public boolean isReset() {
        return type == 'a';
    }

    /// The text that is written to `devices.allow` or `devices.deny`.
    public String render() {
        return isReset() ? "a" : type + " " + text(major) + ":" + text(minor) + " " + access;
    }

    private static String text(int number) {
        return number == ANY ? "*" : Integer.toString(number);
    }
}
