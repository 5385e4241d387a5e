// The netlink step: Java writes the message, numbers that only now exist are patched in.
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "steps.h"
#include "util.h"

int netlink_open(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); }

static int patch(struct run *run, uint8_t *message, struct list patches) {
    struct patch p;
    while (patch_next(&patches, &p)) {
        uint32_t value = 0;
        int fd;
        switch ((enum patch_kind)p.kind) {
        case PATCH_CHILD_PID:
            value = (uint32_t)run->child;
            break;
        case PATCH_INTERFACE:
            value = if_nametoindex(p.name.s);
            if (value == 0)
                return failed(run, "interface", "%s", p.name.s);
            break;
        case PATCH_DESCRIPTOR:
            fd = slot_get(run, p.slot);
            if (fd < 0)
                return -1;
            value = (uint32_t)fd;
            break;
        }
        memcpy(message + p.offset, &value, sizeof value);
    }
    return 0;
}

// The kernel's explanation beside the number, if it gave one.
static const char *explanation(const struct nlmsghdr *h) {
    const struct nlmsgerr *e = NLMSG_DATA(h);
    size_t skip = sizeof *e + ((h->nlmsg_flags & NLM_F_CAPPED) != 0 ? 0 : e->msg.nlmsg_len - sizeof e->msg);
    const uint8_t *p = (const uint8_t *)e + NLMSG_ALIGN(skip);
    const uint8_t *end = (const uint8_t *)h + h->nlmsg_len;
    while ((h->nlmsg_flags & NLM_F_ACK_TLVS) != 0 && end - p >= (ptrdiff_t)sizeof(struct nlattr)) {
        struct nlattr a;
        memcpy(&a, p, sizeof a);
        if (a.nla_len < sizeof a || a.nla_len > end - p)
            break;
        if (a.nla_type == NLMSGERR_ATTR_MSG && p[a.nla_len - 1] == 0)
            return (const char *)p + sizeof a;
        p += NLMSG_ALIGN(a.nla_len);
    }
    return "";
}

static int await_acknowledgement(struct run *run) {
    // Interfaces take long messages, but an acknowledgement is short; dumps are not asked for.
    _Alignas(struct nlmsghdr) char answer[8192];
    for (;;) {
        ssize_t n = recv(run->netlink, answer, sizeof answer, 0);
        if (n < 0 && errno == EINTR)
            continue;
        const struct nlmsghdr *h = (const struct nlmsghdr *)(const void *)answer;
        if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
            return failed(run, "recv", "netlink");
        if (h->nlmsg_type != NLMSG_ERROR)
            continue;
        const struct nlmsgerr *e = NLMSG_DATA(h);
        if (e->error == 0)
            return 0;
        errno = -e->error;
        return failed(run, "rtnetlink", "%s", (size_t)n >= h->nlmsg_len ? explanation(h) : "");
    }
}

int step_netlink(struct run *run, const struct field *f) {
    if (run->netlink < 0)
        run->netlink = netlink_open();
    if (run->netlink < 0)
        return failed(run, "socket", "netlink");
    int on = 1;
    setsockopt(run->netlink, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    setsockopt(run->netlink, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    uint32_t len = f[0].bytes.len;
    cleanup_free uint8_t *message = malloc(len);
    if (message == NULL || len < sizeof(struct nlmsghdr)) {
        errno = message == NULL ? ENOMEM : EINVAL;
        return failed(run, "netlink", "message of %u bytes", len);
    }
    memcpy(message, f[0].bytes.p, len);
    if (patch(run, message, f[1].list) != 0)
        return -1;
    struct nlmsghdr *h = (struct nlmsghdr *)(void *)message;
    h->nlmsg_len = len;
    h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(run->netlink, message, len, 0, (struct sockaddr *)&kernel, sizeof kernel) != (ssize_t)len)
        return failed(run, "send", "netlink");
    return await_acknowledgement(run);
}
