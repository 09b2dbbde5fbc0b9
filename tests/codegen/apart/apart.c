/* Two cores of a generated NF, each block of their memory on pages of its own. While one core
 * processes packets, the other's pages may not be touched at all: if it wrote to one, or read what
 * the other writes, that would be a fault. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "maestro/nf.h"

enum { MOST = 1000, PAGE = 4096, LINES = 128, FRAME = 2048 };

static struct block {
  uint8_t *at;
  size_t bytes;
  unsigned owner;
} blocks[MOST];
static unsigned count, owner;

void *__real_aligned_alloc(size_t align, size_t bytes);

static void require(bool good, const char *what) {
  if (!good) {
    fprintf(stderr, "%s\n", what);
    exit(1);
  }
}

void *__wrap_aligned_alloc(size_t align, size_t bytes) {
  require(align % LINES == 0 && bytes % LINES == 0, "a block that shares a line with another");
  size_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
  uint8_t *at = __real_aligned_alloc(align > PAGE ? align : PAGE, pages);
  require(at != NULL && count < MOST, "no memory");
  blocks[count++] = (struct block){at, pages, owner};
  return at;
}

static void protect(unsigned core, int how) {
  for (unsigned i = 0; i < count; i++) {
    require(blocks[i].owner != core || mprotect(blocks[i].at, blocks[i].bytes, how) == 0, "mprotect");
  }
}

/* Frames in a file: port (1 byte), length (2), time (8), bytes. Returns how many were sent on. */
static unsigned process(struct nf_core *nf, const char *path) {
  FILE *file = fopen(path, "rb");
  static uint8_t data[NF_BATCH][FRAME];
  struct nf_frame frames[NF_BATCH];
  unsigned sent = 0, n = 0;
  require(file != NULL, path);
  for (bool more = true; more;) {
    struct nf_frame *f = &frames[n];
    *f = (struct nf_frame){.data = data[n]};
    more = fread(&f->port, 1, 1, file) == 1 && fread(&f->length, 2, 1, file) == 1 &&
           fread(&f->time, 8, 1, file) == 1 && fread(f->data, f->length, 1, file) == 1;
    n += more;
    if (n == NF_BATCH || !more) {
      nf_run(nf, frames, n);
      for (unsigned i = 0; i < n; i++) {
        sent += frames[i].verdict != NF_DROP;
      }
      n = 0;
    }
  }
  fclose(file);
  return sent;
}

int main(int argc, char **argv) {
  struct nf_core *cores[2];
  require(argc == 2, "usage: apart FRAMES");
  owner = 2;
  struct nf_shared *shared = nf_shared_create(2);
  for (unsigned core = 0; core < 2; core++) {
    owner = core;
    cores[core] = nf_core_create(shared, core, 2);
    require(cores[core] != NULL, "no core");
  }
  owner = 2;
  for (unsigned core = 0; core < 2; core++) {
    protect(1 - core, PROT_NONE);
    printf("%u\n", process(cores[core], argv[1]));
    protect(1 - core, PROT_READ | PROT_WRITE);
  }
  printf("%u\n", count);
  return 0;
}
