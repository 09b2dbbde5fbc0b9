/* Another name of the same header. */
#include "../lib/verified/vigor-time.h"
