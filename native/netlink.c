#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES (32 << 10) /* the most that the kernel sends at once */

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* Where the replies go. */
struct replies {
    char *bytes;
    size_t room;
    struct td_netlink_outcome *outcome;
};

int netlink_socket(int protocol) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), on = 1;
    if (fd < 0)
        return -1;
    /* A failure then comes with a text, and without a copy of the message. A kernel that can't do that just doesn't. */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    return fd;
}

int link_index(int fd, const char *name, uint32_t *index) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
    if (ioctl(fd, SIOCGIFINDEX, &request) != 0)
        return errno;
    *index = (uint32_t)request.ifr_ifindex;
    return 0;
}

/* The text, if there is one, is an attribute behind the copy of the request's header. */
static void store_text(const struct nlmsghdr *answer, char *text, size_t room) {
    const char *end = (const char *)answer + answer->nlmsg_len;
    const char *at = (const char *)answer + NLMSG_HDRLEN + sizeof(struct nlmsgerr);
    while ((answer->nlmsg_flags & NLM_F_ACK_TLVS) && end - at >= NLA_HDRLEN) {
        struct nlattr attribute;
        memcpy(&attribute, at, sizeof attribute);
        if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > end - at)
            return;
        if (attribute.nla_type == NLMSGERR_ATTR_MSG) {
            size_t length = (size_t)attribute.nla_len - NLA_HDRLEN;
            memcpy(text, at + NLA_HDRLEN, length < room ? length : room - 1);
        }
        at += NLA_ALIGN(attribute.nla_len);
    }
}

static int store_reply(const struct nlmsghdr *answer, const struct replies *to) {
    size_t length = NLMSG_ALIGN(answer->nlmsg_len);
    if (!to->bytes)
        return 0;
    if (length > to->room - to->outcome->bytes)
        return EMSGSIZE;
    memcpy(to->bytes + to->outcome->bytes, answer, answer->nlmsg_len);
    to->outcome->bytes += (uint32_t)length;
    return 0;
}

/* An acknowledgement, and the end of a dump, both begin with an errno. */
static int error_in(const struct nlmsghdr *answer) {
    int error;
    if (answer->nlmsg_len < NLMSG_HDRLEN + sizeof error)
        return EPROTO;
    memcpy(&error, (const char *)answer + NLMSG_HDRLEN, sizeof error);
    return -error;
}

/* Reads what one request is answered, up to its acknowledgement or the end of its dump. */
static int read_answers(int fd, const struct replies *to) {
    _Alignas(struct nlmsghdr) char bytes[ANSWER_BYTES];
    for (;;) {
        ssize_t length = recv(fd, bytes, sizeof bytes, MSG_TRUNC);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return errno;
        if ((size_t)length > sizeof bytes)
            return EMSGSIZE;
        for (size_t at = 0; (size_t)length - at >= NLMSG_HDRLEN;) {
            const struct nlmsghdr *answer = (const struct nlmsghdr *)(bytes + at);
            if (answer->nlmsg_len < NLMSG_HDRLEN || answer->nlmsg_len > (size_t)length - at)
                return EPROTO;
            if (answer->nlmsg_type == NLMSG_ERROR)
                store_text(answer, to->outcome->text, sizeof to->outcome->text);
            if (answer->nlmsg_type == NLMSG_ERROR || answer->nlmsg_type == NLMSG_DONE)
                return error_in(answer);
            int error = store_reply(answer, to);
            if (error)
                return error;
            at += NLMSG_ALIGN(answer->nlmsg_len);
        }
    }
}

static int send_bytes(int fd, const void *bytes, size_t length) {
    for (;;) {
        if (write(fd, bytes, length) >= 0)
            return 0;
        if (errno != EINTR)
            return errno;
    }
}

int netlink_exchange(int fd, const void *messages, size_t length, void *replies, size_t room,
                     struct td_netlink_outcome *outcome) {
    const struct replies to = {.bytes = replies, .room = room, .outcome = outcome};
    memset(outcome, 0, sizeof *outcome);
    for (size_t at = 0; at < length; outcome->message++) {
        const struct nlmsghdr *message = (const struct nlmsghdr *)((const char *)messages + at);
        if (length - at < NLMSG_HDRLEN || message->nlmsg_len < NLMSG_HDRLEN || message->nlmsg_len > length - at)
            return EINVAL;
        int error = send_bytes(fd, message, message->nlmsg_len);
        if (!error)
            error = read_answers(fd, &to);
        if (error)
            return error;
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
    return 0;
}

int netlink_transaction(int fd, const void *messages, size_t length, struct td_netlink_outcome *outcome) {
    const struct replies to = {.outcome = outcome};
    memset(outcome, 0, sizeof *outcome);
    int error = send_bytes(fd, messages, length);
    return error ? error : read_answers(fd, &to);
}
