/* Another name of the same header. */
#include "../../lib/verified/tcpudp_hdr.h"
