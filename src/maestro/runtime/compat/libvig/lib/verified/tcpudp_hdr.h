/* What TCP and UDP headers have in common: both start with the ports (big-endian). */
#ifndef MAESTRO_COMPAT_TCPUDP_HDR_H
#define MAESTRO_COMPAT_TCPUDP_HDR_H

#include <stdint.h>

struct tcpudp_hdr {
  uint16_t src_port;
  uint16_t dst_port;
} __attribute__((packed));

#endif
