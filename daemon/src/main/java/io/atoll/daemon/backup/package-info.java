/// Backups that are kept on this server, of instances and of custom volumes alike: their records,
/// their archives and their endpoints.
@NullMarked
package io.atoll.daemon.backup;

import org.jspecify.annotations.NullMarked;
