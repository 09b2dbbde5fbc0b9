/* Another name of the same header. */
#include "../../lib/verified/lpm-dir-24-8.h"
