/* maestro.h: a network function in a page of C.
 *
 *   #include <maestro.h>
 *
 *   struct Flow { uint32_t src, dst; uint16_t sport, dport; };
 *
 *   MAP(flows, struct Flow, int, 65536, EXPIRES_AFTER(SECONDS(10)));
 *   OTHER_PACKETS(DROP);
 *
 *   void process_packet(int device, pkt_t p) { … forward(p, WAN); }
 *
 * process_packet sees the TCP and UDP packets over IPv4 that have their whole header: no IP options,
 * no fragments. What happens to all other packets, OTHER_PACKETS says. State is in maps and the
 * other structures below; a global variable that a packet changes is not state and is refused. */
#ifndef MAESTRO_H
#define MAESTRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- Packets ---- */

/* The fields of a packet, in host byte order. Writing to a field changes the packet that is forwarded;
 * checksums are kept right. `size` counts bytes from the Ethernet header on and cannot be changed. */
typedef struct maestro_packet {
  uint64_t eth_src, eth_dst; /* the low 48 bits */
  uint32_t size;
  uint32_t ipv4_src, ipv4_dst;
  uint16_t tcpudp_src, tcpudp_dst;
  uint8_t ipv4_proto, ipv4_ttl, ipv4_tos;
  uint8_t maestro_tcp_flags[1];
} pkt_t;

/* p.tcp_flags: the flags byte of a TCP header, 0 for UDP. Only an NF that mentions it pays for telling
 * TCP and UDP apart: the function below exists in its program then. */
#define tcp_flags maestro_tcp_flags[maestro_uses_tcp_flags()]
static inline __attribute__((unused)) int maestro_uses_tcp_flags(void) { return 0; }

enum { TCP = 6, UDP = 17 };
enum { LAN = 0, WAN = 1 };

/* The address a.b.c.d. */
#define IP(a, b, c, d) \
  ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* Defined by the network function. `device` is the port that the packet came from. */
void process_packet(int device, pkt_t p);

/* Called once, before the first packet, if the network function defines it: fills tables. */
void at_start(void);

/* Where the packet goes; the last call counts, and without any the packet is dropped. */
void forward(pkt_t p, int device); /* to a port; to the one it came from: dropped */
void flood(pkt_t p);               /* to all ports but the one it came from */
void drop(pkt_t p);

/* What happens to packets that process_packet does not see; they are not changed. `device` is the port
 * that the packet came from: OTHER_PACKETS(FORWARD_TO(1 - device)). Dropped if not declared. */
#define OTHER_PACKETS(what)                \
  int maestro_other_packets(int device) {                                           \
    (void)device;                                                                   \
    return (what);                                                                  \
  }                                                                                 \
  int maestro_other_packets(int device)
#define DROP (-1)
#define FLOOD (-2)
#define FORWARD_TO(port) (port)

/* ---- Time ---- */

/* When the packet arrived, in nanoseconds since some start. */
int64_t now(void);

#define SECONDS(n) (1000000000LL * (n))
#define MILLISECONDS(n) (1000000LL * (n))
#define MICROSECONDS(n) (1000LL * (n))

/* ---- State ---- */

/* Everything is declared at file level, and used in the file that declares it.
 *
 *   MAP(name, K, V, capacity)                          map_contains  map_get  map_put  map_erase
 *   MAP(name, K, V, capacity, EXPIRES_AFTER(time))     the same; using an entry keeps it
 *   MAP(name, K, V, capacity, EXPIRES_AFTER(time), UNLESS_REFRESHED)
 *                                                      map_refresh keeps an entry, nothing else
 *   COUNTER(name, K, capacity)                         counter_add  counter_get
 *   TOKEN_BUCKET(name, K, capacity, rate, burst)       bucket_take
 *   SKETCH(name, K, width, threshold, EXPIRES_AFTER(time))
 *                                                      sketch_count  sketch_over  sketch_refresh
 *   LPM(name)                                          lpm_add  lpm_lookup
 *   BACKENDS(name, capacity, height, EXPIRES_AFTER(time))
 *                                                      backend_alive  backend_is_alive  backend_for
 *
 * K and V are types: structs, integers or enumerations, given by value. */
#include "maestro/dialect/backends.h"
#include "maestro/dialect/counter.h"
#include "maestro/dialect/lpm.h"
#include "maestro/dialect/map.h"
#include "maestro/dialect/sketch.h"
#include "maestro/dialect/token_bucket.h"

#endif
