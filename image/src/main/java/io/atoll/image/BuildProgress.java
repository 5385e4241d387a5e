package io.atoll.image;

/// Is told how a long piece of work goes on.
@FunctionalInterface
public interface BuildProgress {
    /// Nobody listens.
    BuildProgress NONE = text -> {};

    /// @param text one short line without a line end, for example "Retrieving packages"
    void report(String text);
}
