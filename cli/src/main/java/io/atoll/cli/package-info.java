@NullMarked
package io.atoll.cli;

import org.jspecify.annotations.NullMarked;
