package io.atoll.image.remote;

import java.net.URI;
import java.util.Optional;
import java.util.OptionalLong;

/// A file of a server.
///
/// @param sha256 in hex, if the server promised it for this file
/// @param size in bytes, if known
public record RemoteFile(URI uri, Optional<String> sha256, OptionalLong size) {}
