package io.atoll.cli.host;

/// The size of a terminal in characters.
public record WindowSize(int columns, int rows) {}
