/* Another name of the same header. */
#include "../../lib/models/str-descr.h"
