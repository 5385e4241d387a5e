package io.atoll.cli.command;

import io.atoll.base.DomainException;
import io.atoll.base.json.Json;
import io.atoll.cli.CliException;
import io.atoll.cli.CommandGroup;
import io.atoll.cli.CommandNode;
import io.atoll.cli.CommandSpec;
import io.atoll.cli.Context;
import io.atoll.cli.Option;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `completion`: scripts that let a shell complete words, and the words themselves, which those
/// scripts ask for.
final class CompletionCommand {
    static final String WORDS = "__words";

    private CompletionCommand() {}

    static CommandSpec spec() {
        return CommandSpec.of(
                        "completion",
                        "bash|zsh|fish [flags]",
                        "Print a completion script for a shell")
                .example(
                        ". <(PROGRAM completion bash)",
                        "PROGRAM completion fish > ~/.config/fish/completions/PROGRAM.fish")
                .args(1, 1)
                .run(CompletionCommand::run);
    }

    /// The hidden command that the scripts call.
    static CommandSpec words() {
        return CommandSpec.of(WORDS, "[<word>...] [flags]", "Print what the last word may become")
                .args(0, CommandSpec.ANY)
                .hide()
                .run(CompletionCommand::printWords);
    }

    private static int run(Context context) {
        String program = context.invocation().program();
        String shell = context.args().at(0);
        String script =
                switch (shell) {
                    case "bash" -> BASH;
                    case "zsh" -> ZSH;
                    case "fish" -> FISH;
                    default ->
                            throw new CliException(
                                    "no completion for the shell \"" + shell + "\"",
                                    "shells are bash, zsh and fish");
                };
        context.output().print(script.replace("PROGRAM", program));
        return 0;
    }

    private static int printWords(Context context) {
        StringBuilder out = new StringBuilder();
        for (String word : candidates(context, context.args().positional())) {
            out.append(word).append('\n');
        }
        context.output().print(out.toString());
        return 0;
    }

    private static final String BASH =
            """
            _PROGRAM() {
                local IFS=$'\\n' cur="${COMP_WORDS[COMP_CWORD]}"
                COMPREPLY=($(compgen -W "$(PROGRAM __words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$cur"))
            }
            complete -o default -F _PROGRAM PROGRAM
            """;

    private static final String ZSH =
            """
            #compdef PROGRAM
            _PROGRAM() {
                local -a found
                found=("${(@f)$(PROGRAM __words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
                compadd -a found
            }
            compdef _PROGRAM PROGRAM
            """;

    private static final String FISH =
            """
            function __PROGRAM_words
                set -l words (commandline -opc) (commandline -ct)
                PROGRAM __words -- $words[2..-1] 2>/dev/null
            end
            complete -c PROGRAM -f -a '(__PROGRAM_words)'
            """;

    /// What the last of `words` may become.
    private static List<String> candidates(Context context, List<String> words) {
        CommandNode node = Commands.root(context.invocation().program());
        int i = 0;
        while (i < words.size() - 1 && node instanceof CommandGroup group) {
            Optional<CommandNode> below = group.find(words.get(i));
            if (below.isEmpty()) {
                return List.of();
            }
            node = below.get();
            i++;
        }
        String last = words.isEmpty() ? "" : words.getLast();
        List<String> all = new ArrayList<>();
        if (node instanceof CommandGroup group) {
            all.addAll(group.members());
        } else if (node instanceof CommandSpec command) {
            if (last.startsWith("-")) {
                for (Option option : command.options()) {
                    all.add("--" + option.name());
                }
            } else {
                all.addAll(names(context, command.usage()));
            }
        }
        List<String> out = new ArrayList<>();
        for (String candidate : all) {
            if (candidate.startsWith(last)) {
                out.add(candidate);
            }
        }
        return out;
    }

    /// Names of things of the kind that a command takes.
    private static List<String> names(Context context, String usage) {
        var client = context.client(context.ref(""));
        List<String> out = new ArrayList<>();
        try {
            if (usage.contains("<instance>")) {
                addNames(out, client.instances().list(false));
            }
            if (usage.contains("<profile>")) {
                addNames(out, client.profiles().list());
            }
            if (usage.contains("<network>")) {
                addNames(out, client.networks().list());
            }
            if (usage.contains("<pool>")) {
                addNames(out, client.storagePools().list());
            }
            if (usage.contains("<image>") || usage.contains("<alias>")) {
                addNames(out, client.imageAliases().list());
            }
        } catch (DomainException _) {
            // Without a daemon there are no names, and a shell is no place for messages.
        }
        return out;
    }

    private static void addNames(List<String> out, List<Json> items) {
        for (Json item : items) {
            out.add(item.get("name").asString());
        }
    }
}
