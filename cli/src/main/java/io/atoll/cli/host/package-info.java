/// What a command needs of the process it runs in, and its implementation for a process of its own.
@NullMarked
package io.atoll.cli.host;

import org.jspecify.annotations.NullMarked;
