/* Another name of the same header. */
#include "../../lib/verified/packet-io.h"
