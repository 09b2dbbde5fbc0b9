#ifndef MAESTRO_RTE_ERRNO_H
#define MAESTRO_RTE_ERRNO_H

#include <errno.h>
#include <string.h>

#define rte_errno errno
#define rte_strerror(e) strerror(e)

#endif
