/* The container's network: requests over rtnetlink, and waiting until its links carry packets. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <time.h>

#include "init.h"
#include "netlink.h"
#include "sys.h"

#define REQUEST_BYTES 4096
#define LINK_BYTES (16 << 10)
/* Doubled after each look, up to the last: about two seconds in all. */
#define LOOK_PAUSE_FIRST_NS 50000
#define LOOK_PAUSE_LAST_NS 4000000
#define LOOKS_MAX 500

/* linux/if.h and linux/if_bridge.h, which can't be included beside net/if.h. */
enum { IF_OPER_UP = 6, BR_STATE_FORWARDING = 3 };

static struct td_netlink_outcome outcome;

/* The caller's socket, in the host's network namespace; or one in the container's, opened by the first step that names it. */
static int netlink_slot(struct td_init *init, uint64_t slot) {
    if (init->slots[slot] < 0)
        init->slots[slot] = netlink_socket(NETLINK_ROUTE);
    return init->slots[slot];
}

/* ifinfomsg, ifaddrmsg and ndmsg all have the link's index there. */
static int set_index(char *messages, size_t length, uint32_t index) {
    size_t index_at = NLMSG_HDRLEN + 4;
    for (size_t at = 0; at < length;) {
        struct nlmsghdr header;
        if (length - at < index_at + sizeof index)
            return EINVAL;
        memcpy(&header, messages + at, sizeof header);
        if (header.nlmsg_len < index_at + sizeof index || header.nlmsg_len > length - at)
            return EINVAL;
        memcpy(messages + at + index_at, &index, sizeof index);
        at += NLMSG_ALIGN(header.nlmsg_len);
    }
    return 0;
}

int step_open_network(struct td_init *init, const struct td_open_network *step) {
    (void)init;
    int opened = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (opened < 0)
        return errno;
    int error = syscall(SYS_dup3, opened, (int)step->fd, O_CLOEXEC) < 0 ? errno : 0;
    close(opened);
    return error;
}

int step_netlink(struct td_init *init, const struct td_netlink *step) {
    static _Alignas(struct nlmsghdr) char messages[REQUEST_BYTES];
    const char *link = td_text(&init->plan, step->link);
    size_t length = step->messages.length;
    uint32_t index = 0;
    int fd = netlink_slot(init, step->slot);
    if (fd < 0)
        return errno;
    if (length > sizeof messages)
        return EINVAL;
    memcpy(messages, td_text(&init->plan, step->messages), length);
    int error = link[0] ? link_index(fd, link, &index) : 0;
    if (!error && link[0])
        error = set_index(messages, length, index);
    if (!error)
        error = netlink_exchange(fd, messages, length, NULL, 0, &outcome);
    if (error && outcome.text[0])
        init->object = outcome.text;
    return error;
}

/* The payload of an attribute in begin..end, or NULL. */
static const char *attribute(const char *begin, const char *end, uint16_t type, size_t *length) {
    for (const char *at = begin; end - at >= NLA_HDRLEN;) {
        struct nlattr header;
        memcpy(&header, at, sizeof header);
        if (header.nla_len < NLA_HDRLEN || header.nla_len > end - at)
            return NULL;
        *length = (size_t)header.nla_len - NLA_HDRLEN;
        if ((header.nla_type & NLA_TYPE_MASK) == type)
            return at + NLA_HDRLEN;
        at += NLA_ALIGN(header.nla_len);
    }
    return NULL;
}

static int byte_in(const char *begin, const char *end, uint16_t type) {
    size_t length = 0;
    const char *value = attribute(begin, end, type, &length);
    return value && length > 0 ? (unsigned char)*value : -1;
}

/* It is up, which the kernel says after it switched sending on; and if it is the port of a bridge, that forwards. */
static int carries_packets(const char *begin, const char *end) {
    size_t length = 0;
    if (byte_in(begin, end, IFLA_OPERSTATE) != IF_OPER_UP)
        return 0;
    const char *info = attribute(begin, end, IFLA_LINKINFO, &length);
    const char *port = info ? attribute(info, info + length, IFLA_INFO_SLAVE_DATA, &length) : NULL;
    return !port || byte_in(port, port + length, IFLA_BRPORT_STATE) == BR_STATE_FORWARDING;
}

static int look(int fd, uint32_t index, int *ready) {
    static _Alignas(struct nlmsghdr) char link[LINK_BYTES];
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = {.header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
                 .link = {.ifi_index = (int)index}};
    int error = netlink_exchange(fd, &request, sizeof request, link, sizeof link, &outcome);
    if (error)
        return error;
    *ready = carries_packets(link + NLMSG_LENGTH(sizeof request.link), link + outcome.bytes);
    return 0;
}

static void pause_for(long nanoseconds) {
    struct timespec time = {.tv_nsec = nanoseconds};
    (void)syscall(SYS_nanosleep, &time, NULL); /* a shorter pause does no harm */
}

/* Until rtm_type is RTN_LOCAL, the kernel takes what comes for the address for another machine's. */
static int look_for_local(int fd, const void *request, size_t length, int *ready) {
    static _Alignas(struct nlmsghdr) char route[LINK_BYTES];
    struct rtmsg found;
    int error = netlink_exchange(fd, request, length, route, sizeof route, &outcome);
    if (error == ENETUNREACH || error == EHOSTUNREACH)
        return 0; /* there is no route yet */
    if (error || outcome.bytes < NLMSG_LENGTH(sizeof found))
        return error ? error : EPROTO;
    memcpy(&found, route + NLMSG_HDRLEN, sizeof found);
    *ready = found.rtm_type == RTN_LOCAL;
    return 0;
}

int step_await_local(struct td_init *init, const struct td_await_local *step) {
    static _Alignas(struct nlmsghdr) char request[REQUEST_BYTES];
    size_t length = step->request.length;
    int fd = netlink_slot(init, step->slot), ready = 0;
    if (fd < 0)
        return errno;
    if (length > sizeof request)
        return EINVAL;
    memcpy(request, td_text(&init->plan, step->request), length);
    long pause = LOOK_PAUSE_FIRST_NS;
    for (int looks = 0; looks < LOOKS_MAX; looks++) {
        int error = look_for_local(fd, request, length, &ready);
        if (error || ready)
            return error;
        pause_for(pause);
        pause = pause * 2 < LOOK_PAUSE_LAST_NS ? pause * 2 : LOOK_PAUSE_LAST_NS;
    }
    return ETIMEDOUT;
}

int step_await_link(struct td_init *init, const struct td_await_link *step) {
    uint32_t index = 0;
    int fd = netlink_slot(init, step->slot), ready = 0;
    if (fd < 0)
        return errno;
    int error = link_index(fd, td_text(&init->plan, step->link), &index);
    long pause = LOOK_PAUSE_FIRST_NS;
    for (int looks = 0; !error && looks < LOOKS_MAX; looks++) {
        error = look(fd, index, &ready);
        if (error || ready)
            return error;
        pause_for(pause);
        pause = pause * 2 < LOOK_PAUSE_LAST_NS ? pause * 2 : LOOK_PAUSE_LAST_NS;
    }
    return error ? error : ETIMEDOUT;
}
