/* Requests to the kernel over a netlink socket, see netlink(7): the same in the init and in the shim. */
#ifndef TD_NETLINK_H
#define TD_NETLINK_H

#include <stddef.h>
#include <stdint.h>

/* What an exchange reports beside its errno. */
struct td_netlink_outcome {
    uint32_t message; /* index of the message that failed */
    uint32_t bytes;   /* of the replies that were stored */
    char text[248];   /* the kernel's own words for the failure; may be empty */
};

_Static_assert(sizeof(struct td_netlink_outcome) == 256, "td_netlink_outcome");

/* Returns a descriptor, or -1 and errno. */
int netlink_socket(int protocol);

/*
 * The index of a link in the socket's network namespace. Unlike a request over netlink, it does not wait while others change
 * links. Returns 0 or an errno: ENODEV if there is none.
 */
int link_index(int fd, const char *name, uint32_t *index);

/*
 * Sends the messages one after another, each once the one before it was acknowledged; each must ask for that (NLM_F_ACK),
 * or for a dump. Stores what is answered besides. Returns 0 or the errno of the first that failed; EMSGSIZE for too little
 * room.
 */
int netlink_exchange(int fd, const void *messages, size_t length, void *replies, size_t room,
                     struct td_netlink_outcome *outcome);

/*
 * Sends the messages all at once, which netfilter does all or none of; one of them must ask for an acknowledgement. Returns 0
 * or the errno of the first that failed; then the socket is to be closed, because more answers may come.
 */
int netlink_transaction(int fd, const void *messages, size_t length, struct td_netlink_outcome *outcome);

#endif
