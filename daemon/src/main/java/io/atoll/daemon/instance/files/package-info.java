/// Files of instances, running or not: everything below their root, their logs, their templates.
@NullMarked
package io.atoll.daemon.instance.files;

import org.jspecify.annotations.NullMarked;
