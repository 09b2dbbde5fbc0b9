/* Another name of the same header. */
#include "../../lib/verified/double-chain.h"
