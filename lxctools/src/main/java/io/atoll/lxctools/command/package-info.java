/// One class per tool that runs, enters or shows containers.
@NullMarked
package io.atoll.lxctools.command;

import org.jspecify.annotations.NullMarked;
