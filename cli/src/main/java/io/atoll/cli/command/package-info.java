/// The commands, a class for each family.
@NullMarked
package io.atoll.cli.command;

import org.jspecify.annotations.NullMarked;
