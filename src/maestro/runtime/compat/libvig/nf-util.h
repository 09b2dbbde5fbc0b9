/* How a network function looks into its packet, and small helpers.
 *
 * A packet is read front to back. Borrowing the next chunk gives a pointer into the packet and
 * moves on; the headers borrowed stay valid, and writable, until the packet leaves. The `buffer`
 * arguments exist for the NFs' sake: there is one packet at a time (lib/verified/packet-io.h). */
#ifndef MAESTRO_COMPAT_NF_UTIL_H
#define MAESTRO_COMPAT_NF_UTIL_H

#include "lib/verified/packet-io.h"
#include "lib/verified/tcpudp_hdr.h"
#include "rte_byteorder.h"
#include "rte_common.h"
#include "rte_ethdev.h"
#include "rte_ether.h"
#include "rte_ip.h"
#include "rte_mbuf.h"
#include "rte_tcp.h"
#include "rte_udp.h"

#define IP_MIN_SIZE_WORDS 5
#define WORD_SIZE 4

#define MAX_N_CHUNKS 100
extern void *chunks_borrowed[MAX_N_CHUNKS];
extern size_t chunks_borrowed_num;

/* Borrows `length` bytes; the caller has checked that packet_get_unread_length() allows it. */
void *nf_borrow_next_chunk(void *buffer, size_t length);

/* The chunk borrowed as number `index`, from 0. */
void *nf_get_borrowed_chunk(uint32_t index);

/* Shortens the chunk borrowed last to `length` bytes; inserts a chunk of `length` bytes behind it.
 * Both move what was borrowed before: get it again with nf_get_borrowed_chunk(). */
void *nf_shrink_chunk(uint8_t **buffer, size_t length, struct rte_mbuf *mbuf);
void *nf_insert_new_chunk(uint8_t **buffer, size_t length, struct rte_mbuf *mbuf);

/* Returns the chunk borrowed last, or all of them; what is returned can be borrowed again. */
void nf_return_chunk(void *buffer);
void nf_return_all_chunks(void *buffer);

bool nf_has_rte_ipv4_header(struct rte_ether_hdr *ether);
bool nf_has_tcpudp_header(struct rte_ipv4_hdr *ip);
bool nf_has_tcp_header(struct rte_ipv4_hdr *ip);
bool nf_has_udp_header(struct rte_ipv4_hdr *ip);

/* The packet's Ethernet header: always there. */
struct rte_ether_hdr *nf_then_get_rte_ether_header(void *buffer);

/* The IPv4 header that follows, or NULL. Two forms:
 *
 *   nf_then_get_rte_ipv4_header(ether, buffer)
 *     needs EtherType IPv4 and at least 20 bytes left. What follows is taken to be the transport
 *     header: the IP header's length is not looked at.
 *   nf_then_get_rte_ipv4_header(ether, buffer, &options)
 *     needs also a header length of at least 20 and total_length within the packet. Skips the IP
 *     options; `options` points to them, NULL when there are none. */
#define nf_then_get_rte_ipv4_header(...) \
  NF_PICK_IPV4(__VA_ARGS__, nf_ipv4_with_options, nf_ipv4_plain, nf_missing_argument)(__VA_ARGS__)
#define NF_PICK_IPV4(a, b, c, function, ...) function
#define nf_then_get_rte_ipv4_header_with_options(ether, buffer, options) \
  nf_ipv4_with_options(ether, buffer, options)

struct rte_ipv4_hdr *nf_ipv4_plain(void *ether, void *buffer);
struct rte_ipv4_hdr *nf_ipv4_with_options(void *ether, void *buffer, uint8_t **options);

/* The transport header that follows, or NULL when the protocol is another one or the packet ends
 * before. */
struct tcpudp_hdr *nf_then_get_tcpudp_header(struct rte_ipv4_hdr *ip, void *buffer);
struct rte_tcp_hdr *nf_then_get_tcp_header(struct rte_ipv4_hdr *ip, void *buffer);
struct rte_udp_hdr *nf_then_get_udp_header(struct rte_ipv4_hdr *ip, void *buffer);

/* Recomputes the IPv4 header checksum and the TCP or UDP one. `l4` is the chunk borrowed last. */
void nf_set_rte_ipv4_udptcp_checksum(struct rte_ipv4_hdr *ip, struct tcpudp_hdr *l4, void *buffer);

/* The NF promises that `*device` < `count`. */
void concretize_devices(uint16_t *device, int count);

/* Does nothing: where Maestro, which gives this its own meaning, sees what port was chosen. */
void port_chosen(uint16_t device, int count);

/* The integer that `text` starts with, in number base `base`; it must be followed by `next`. Exits
 * otherwise, with `name` in the message. */
uintmax_t nf_util_parse_int(const char *text, const char *name, int base, char next);

/* As text, in memory that the caller frees. `address` is in network byte order. */
char *nf_mac_to_str(struct rte_ether_addr *mac);
char *nf_rte_ipv4_to_str(uint32_t address);

#define nf_log_pkt(ether, ip, l4) ((void)(ether), (void)(ip), (void)(l4))

/* Names without "rte_", as DPDK had them before 19.08 and some NFs have them still: the pointer is
 * whatever header type the NF takes it for. */
#define nf_then_get_ether_header(buffer) ((void *)nf_then_get_rte_ether_header(buffer))
#define nf_then_get_ipv4_header(...) ((void *)nf_then_get_rte_ipv4_header(__VA_ARGS__))
#define nf_has_ipv4_header(ether) nf_has_rte_ipv4_header((struct rte_ether_hdr *)(ether))
#define nf_set_ipv4_udptcp_checksum(ip, l4, buffer) \
  nf_set_rte_ipv4_udptcp_checksum((struct rte_ipv4_hdr *)(ip), l4, buffer)
#define nf_ipv4_to_str(address) nf_rte_ipv4_to_str(address)

/* The packet of an NF that gets its packets as mbufs. */
#define mbuf_pkt(mbuf) rte_pktmbuf_mtod(mbuf, uint8_t *)

#endif
