/// The daemon. `Main` reads options; `Daemon` is the composition root, where every service is made
/// by a plain constructor and handed to those who need it.
///
/// To add a kind of resource: write a class that is a [io.atoll.daemon.http.Routes] (or a
/// [io.atoll.daemon.DaemonPart] when it has something to start and stop), give it in its
/// constructor the two or three services it uses (`Store`, `Operations`, `Events`, …), and add it
/// to the list of parts in `Daemon`. Handlers take a `Request`, return a `Response`, throw a
/// `DomainException`; see `docs/howto/`.
@NullMarked
package io.atoll.daemon;

import org.jspecify.annotations.NullMarked;
