package io.atoll.runtime.lxc;

import io.atoll.base.InvalidConfigException;
import io.atoll.runtime.spec.SeccompSpec;
import io.atoll.runtime.spec.SeccompSpec.Action;
import io.atoll.runtime.spec.SeccompSpec.Argument;
import io.atoll.runtime.spec.SeccompSpec.Comparison;
import io.atoll.runtime.spec.SeccompSpec.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Reads the file of `lxc.seccomp.profile`: a version, for version 2 a policy, and a rule a line.
/// Pure.
public final class LxcSeccomp {
    private static final int EPERM = 1;
    private static final int EACCES = 13;
    private static final List<String> HERE =
            List.of(
                    "[all]",
                    "[x86_64]",
                    "[amd64]",
                    "[x86]",
                    "[i386]",
                    "[x32]",
                    "[arm64]",
                    "[aarch64]");
    private static final Map<String, Integer> ERRNOS =
            Map.of("EPERM", 1, "ENOENT", 2, "EACCES", 13, "EINVAL", 22, "ENOSYS", 38);

    private final String name;
    private final List<Rule> rules = new ArrayList<>();
    private Action otherwise = new Action.Allow();
    private Action ruleAction = new Action.KillProcess();
    private boolean isForHere = true;

    private LxcSeccomp(String name) {
        this.name = name;
    }

    /// Reads a whole profile.
    ///
    /// @param name the file's, for messages
    /// @throws InvalidConfigException naming file and line
    public static SeccompSpec parse(String text, String name) {
        return new LxcSeccomp(name).read(text.split("\n", -1));
    }

    /// Reads rules alone, as they stand in a profile of version 2 below its policy.
    ///
    /// @param action of rules that name none
    /// @throws InvalidConfigException naming the line
    public static List<Rule> parseRules(String text, Action action, String name) {
        LxcSeccomp reader = new LxcSeccomp(name);
        reader.ruleAction = action;
        reader.rules(text.split("\n", -1), 0);
        return List.copyOf(reader.rules);
    }

    private SeccompSpec read(String[] lines) {
        int line = next(lines, 0);
        String version = line < lines.length ? lines[line].strip() : "";
        line = next(lines, line + 1);
        switch (version) {
            case "1" -> numbers(lines, line);
            case "2" -> {
                policy(line < lines.length ? withoutComment(lines[line]) : "", line + 1);
                rules(lines, line + 1);
            }
            default ->
                    throw new InvalidConfigException(
                            name + ": the first line must be the version, 1 or 2");
        }
        return new SeccompSpec(otherwise, rules);
    }

    private static int next(String[] lines, int from) {
        int i = from;
        while (i < lines.length && withoutComment(lines[i]).isEmpty()) {
            i++;
        }
        return i;
    }

    private static String withoutComment(String line) {
        int comment = line.indexOf('#');
        return (comment < 0 ? line : line.substring(0, comment)).strip();
    }

    /// Version 1: the numbers of what is allowed, everything else kills.
    private void numbers(String[] lines, int from) {
        if (from >= lines.length
                || !List.of("allowlist", "whitelist").contains(withoutComment(lines[from]))) {
            throw new InvalidConfigException(
                    name + ": version 1 is an allow list: its second line must be `allowlist`");
        }
        otherwise = new Action.KillProcess();
        for (int i = from + 1; i < lines.length; i++) {
            String number = withoutComment(lines[i]);
            if (number.isEmpty()) {
                continue;
            }
            if (!number.matches("[0-9]{1,6}")) {
                throw new InvalidConfigException(
                        name + ":" + (i + 1) + ": not the number of a system call: " + number);
            }
            rules.add(new Rule(number, new Action.Allow(), List.of()));
        }
    }

    /// The word behind the list's is for the calls without a rule.
    private void policy(String text, int number) {
        String[] words = text.split("\\s+");
        switch (words[0]) {
            case "allowlist", "whitelist" -> {
                otherwise = new Action.KillProcess();
                ruleAction = new Action.Allow();
            }
            case "denylist", "blacklist" -> {}
            default ->
                    throw new InvalidConfigException(
                            name + ":" + number + ": expected allowlist or denylist: " + text);
        }
        if (words.length > 1) {
            otherwise = action(words, 1, name + ":" + number);
        }
    }

    private void rules(String[] lines, int from) {
        for (int i = from; i < lines.length; i++) {
            String rule = withoutComment(lines[i]);
            if (rule.startsWith("[")) {
                // Rules are resolved for every architecture of the host; what is only for a foreign
                // one has nothing to act on.
                isForHere = HERE.contains(rule.toLowerCase(Locale.ROOT));
            } else if (isForHere && !rule.isEmpty()) {
                rule(rule, name + ":" + (i + 1));
            }
        }
    }

    private void rule(String line, String where) {
        if (line.equals("reject_force_umount")) {
            rules.add(
                    new Rule(
                            "umount2",
                            new Action.Errno(EACCES),
                            List.of(new Argument(1, Comparison.MASKED_EQ, 1, 1))));
            return;
        }
        int bracket = line.indexOf('[');
        String head = bracket < 0 ? line : line.substring(0, bracket);
        String[] words = head.strip().split("\\s+");
        Action action = words.length > 1 ? action(words, 1, where) : ruleAction;
        List<Argument> arguments = new ArrayList<>();
        while (bracket >= 0) {
            int end = line.indexOf(']', bracket);
            if (end < 0) {
                throw new InvalidConfigException(where + ": a bracket is not closed: " + line);
            }
            arguments.add(argument(line.substring(bracket + 1, end), where));
            bracket = line.indexOf('[', end);
        }
        rules.add(new Rule(words[0], action, arguments));
    }

    private static Action action(String[] words, int at, String where) {
        return switch (words[at].replace(",", "")) {
            case "kill", "kill_process" -> new Action.KillProcess();
            case "kill_thread" -> new Action.KillThread();
            case "allow" -> new Action.Allow();
            case "trap" -> new Action.Trap();
            case "log" -> new Action.Log();
            case "notify" -> new Action.Notify();
            case "errno" -> new Action.Errno(errno(words, at + 1, where));
            default ->
                    throw new InvalidConfigException(
                            where
                                    + ": expected kill, allow, trap, log, notify or errno N: "
                                    + words[at]);
        };
    }

    private static int errno(String[] words, int at, String where) {
        if (at >= words.length) {
            return EPERM;
        }
        String word = words[at].replace(",", "");
        Integer known = ERRNOS.get(word);
        try {
            return known == null ? Integer.parseInt(word) : known;
        } catch (NumberFormatException e) {
            throw new InvalidConfigException(where + ": not an errno: " + words[at], e);
        }
    }

    /// `INDEX,VALUE,COMPARISON[,MASK]`.
    private static Argument argument(String text, String where) {
        String[] parts = text.split(",");
        try {
            if (parts.length >= 3) {
                Comparison comparison = comparison(parts[2].strip(), where);
                long value = Long.decode(parts[1].strip());
                long mask = parts.length > 3 ? Long.decode(parts[3].strip()) : 0;
                return new Argument(Integer.parseInt(parts[0].strip()), comparison, value, mask);
            }
        } catch (NumberFormatException e) {
            throw new InvalidConfigException(where + ": not a number in [" + text + "]", e);
        }
        throw new InvalidConfigException(
                where + ": expected [INDEX,VALUE,COMPARISON]: [" + text + "]");
    }

    private static Comparison comparison(String word, String where) {
        return switch (word.replace("SCMP_CMP_", "")) {
            case "NE", "!=" -> Comparison.NE;
            case "LT", "<" -> Comparison.LT;
            case "LE", "<=" -> Comparison.LE;
            case "EQ", "==" -> Comparison.EQ;
            case "GE", ">=" -> Comparison.GE;
            case "GT", ">" -> Comparison.GT;
            case "MASKED_EQ", "&=" -> Comparison.MASKED_EQ;
            default -> throw new InvalidConfigException(where + ": not a comparison: " + word);
        };
    }
}
