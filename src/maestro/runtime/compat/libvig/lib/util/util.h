/* Another name of the same header. */
#include "../../lib/unverified/util.h"
