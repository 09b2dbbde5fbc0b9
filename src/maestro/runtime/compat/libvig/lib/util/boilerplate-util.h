/* Another name of the same header. */
#include "../../lib/verified/boilerplate-util.h"
