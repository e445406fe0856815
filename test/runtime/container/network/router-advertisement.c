/* Tells every machine on the link of eth0 that this one is the router to 2001:db8:dead::/64 and to all else: RFC 4861. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>

struct packet {
    struct ether_header ethernet;
    struct ip6_hdr ip;
    struct nd_router_advert advert;
    struct nd_opt_prefix_info prefix;
} __attribute__((packed));

/* RFC 1071, with the pseudo-header of RFC 8200. */
static uint16_t checksum(const struct packet *packet) {
    const uint8_t *bytes = (const uint8_t *)&packet->ip.ip6_src;
    size_t length = sizeof *packet - sizeof packet->ethernet - 8;
    uint32_t sum = IPPROTO_ICMPV6 + (uint32_t)(length - 32);
    for (size_t i = 0; i < length; i += 2)
        sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

int main(void) {
    struct packet packet = {
        .ethernet = {.ether_dhost = {0x33, 0x33, 0, 0, 0, 1},
                     .ether_shost = {2, 0x42, 0xde, 0xad, 0xbe, 0xef},
                     .ether_type = htons(ETHERTYPE_IPV6)},
        .advert = {.nd_ra_type = ND_ROUTER_ADVERT, .nd_ra_curhoplimit = 64, .nd_ra_router_lifetime = htons(1800)},
        .prefix = {.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
                   .nd_opt_pi_len = 4,
                   .nd_opt_pi_prefix_len = 64,
                   .nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO,
                   .nd_opt_pi_valid_time = htonl(1800),
                   .nd_opt_pi_preferred_time = htonl(1800)},
    };
    packet.ip.ip6_flow = htonl(6u << 28);
    packet.ip.ip6_plen = htons(sizeof packet.advert + sizeof packet.prefix);
    packet.ip.ip6_nxt = IPPROTO_ICMPV6;
    packet.ip.ip6_hlim = 255;
    inet_pton(AF_INET6, "fe80::beef", &packet.ip.ip6_src);
    inet_pton(AF_INET6, "ff02::1", &packet.ip.ip6_dst);
    inet_pton(AF_INET6, "2001:db8:dead::", &packet.prefix.nd_opt_pi_prefix);
    packet.advert.nd_ra_cksum = checksum(&packet);
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("eth0"), .sll_halen = ETH_ALEN};
    memcpy(to.sll_addr, packet.ethernet.ether_dhost, ETH_ALEN);
    int fd = socket(AF_PACKET, SOCK_RAW, htons(ETHERTYPE_IPV6));
    return sendto(fd, &packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to) == sizeof packet ? 0 : 1;
}
