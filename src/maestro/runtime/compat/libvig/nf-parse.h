/* Reading option values. Each function returns false, with the output unspecified, unless the text
 * starts with a value of its kind. */
#ifndef MAESTRO_COMPAT_NF_PARSE_H
#define MAESTRO_COMPAT_NF_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "rte_ether.h"

/* "01:23:45:67:89:ab": six bytes of one or two hexadecimal digits. */
bool nf_parse_etheraddr(const char *text, struct rte_ether_addr *mac);

/* "10.0.0.1", into network byte order. */
bool nf_parse_ipv4addr(const char *text, uint32_t *address);

/* "80", into network byte order. */
bool nf_parse_port(const char *text, uint16_t *port);

bool nf_parse_proto(const char *text, uint8_t *protocol);
bool nf_parse_device(const char *text, uint16_t *device);

#endif
