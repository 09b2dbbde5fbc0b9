/* Another name of the same header. */
#include "../../lib/verified/map.h"
