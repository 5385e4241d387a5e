/// Text that people and scripts read: tables, CSV, YAML, sizes, dates. Pure.
@NullMarked
package io.atoll.cli.text;

import org.jspecify.annotations.NullMarked;
