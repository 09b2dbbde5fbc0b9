/* How a NIC, configured as Maestro asks, spreads packets over cores; and the same in software.
 *
 * Packet types and the order in which they are decided: see maestro_packet_type() in rss.c, which mirrors
 * maestro/ir/packet.py. */
#ifndef MAESTRO_RSS_H
#define MAESTRO_RSS_H

#include <stdbool.h>
#include <stdint.h>

enum maestro_packet_type {
  MAESTRO_IPV4_TCP,
  MAESTRO_IPV4_UDP,
  MAESTRO_IPV4_OTHER,
  MAESTRO_IPV4_OPTIONS,
  MAESTRO_IPV4_FRAGMENT,
  MAESTRO_IPV6_TCP,
  MAESTRO_IPV6_UDP,
  MAESTRO_IPV6_OTHER,
  MAESTRO_VLAN,
  MAESTRO_NON_IP,
  MAESTRO_PACKET_TYPES
};

enum maestro_field {
  MAESTRO_ETH_DST,
  MAESTRO_ETH_SRC,
  MAESTRO_ETH_TYPE,
  MAESTRO_VLAN_ID,
  MAESTRO_IPV4_SRC,
  MAESTRO_IPV4_DST,
  MAESTRO_IPV4_PROTO,
  MAESTRO_IPV6_SRC,
  MAESTRO_IPV6_DST,
  MAESTRO_L4_SPORT,
  MAESTRO_L4_DPORT
};

/* `count` bits of a field from bit `first`; bit 0 is the field's most significant bit. */
struct maestro_field_bits {
  uint8_t field;
  uint8_t first;
  uint8_t count;
};

#define MAESTRO_MAX_INPUTS 8
#define MAESTRO_MAX_KEY 64
#define MAESTRO_MAX_RETA 4096

struct maestro_inputs {
  uint8_t count; /* 0: not hashed, table index 0 */
  struct maestro_field_bits part[MAESTRO_MAX_INPUTS];
};

struct maestro_rss {
  uint8_t key[MAESTRO_MAX_KEY];
  uint8_t key_bytes;
  uint16_t reta_size;   /* a power of two */
  const uint16_t *reta; /* table index -> core, as planned for `reta_cores` cores */
  uint16_t reta_cores;
  bool any_split;         /* packets may go to any core: what follows and the key only spread the load */
  uint32_t resteered;     /* bit t: packets of type t are sent to their owner core in software */
  uint32_t uncertain;     /* bit t: some packets of type t may be hashed otherwise than `inputs` says;
                             * then it does not matter which core gets them, or both ways are right */
  bool owner_follows_ihl; /* owner inputs read ports after the IPv4 header, if that lies in the frame;
                             * otherwise, or if false, at byte 34 */
  struct maestro_inputs inputs[MAESTRO_PACKET_TYPES]; /* what the NIC hashes, per packet type */
  struct maestro_inputs owner;                        /* what software hashes for re-steered types */
};

#endif
