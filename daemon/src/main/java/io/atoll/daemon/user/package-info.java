/// What a user of the host has who is not root's equal: one project of their own, and nothing else.
@NullMarked
package io.atoll.daemon.user;

import org.jspecify.annotations.NullMarked;
