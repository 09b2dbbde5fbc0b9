/* Memory, messages, and output files that appear whole or not at all. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay.h"

struct output {
  struct output *next;
  FILE *file;
  const char *path;
  char *temporary; /* NULL: written in place, as `path` is a device or a pipe */
};

static struct output *outputs;

void die(enum replay_status status, const char *format, ...) {
  va_list arguments;
  fputs("nf-replay: ", stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  for (struct output *output = outputs; output != NULL; output = output->next)
    if (output->temporary != NULL)
      unlink(output->temporary);
  _exit(status); /* other threads may still run */
}

/* ---- Memory ---- */

void *allocate(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (memory == NULL)
    die(REPLAY_FAILED, "out of memory");
  return memory;
}

void *allocate_apart(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - 2 * APART)
    die(REPLAY_FAILED, "out of memory");
  bytes = (bytes + APART) / APART * APART; /* never none */
  void *memory = aligned_alloc(APART, bytes);
  if (memory == NULL)
    die(REPLAY_FAILED, "out of memory");
  return memset(memory, 0, bytes);
}

/* ---- Outputs ---- */

static bool is_special(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

FILE *output_open(const char *path) {
  struct output *output = allocate(1, sizeof *output);
  output->path = path;
  if (!is_special(path)) {
    output->temporary = allocate(strlen(path) + 32, 1);
    sprintf(output->temporary, "%s.part-%ld", path, (long)getpid());
  }
  output->file = fopen(output->temporary ? output->temporary : path, "wb");
  if (output->file == NULL)
    die(REPLAY_FAILED, "%s: %s", path, strerror(errno));
  setvbuf(output->file, NULL, _IOFBF, 1 << 20);
  output->next = outputs;
  outputs = output;
  return output->file;
}

void outputs_commit(void) {
  for (struct output *output = outputs; output != NULL; output = output->next) {
    bool failed = ferror(output->file) != 0;
    if (fclose(output->file) != 0 || failed)
      die(REPLAY_FAILED, "%s: cannot be written: %s", output->path, strerror(errno));
  }
  while (outputs != NULL) {
    struct output *output = outputs;
    if (output->temporary != NULL && rename(output->temporary, output->path) != 0)
      die(REPLAY_FAILED, "%s: %s", output->path, strerror(errno));
    outputs = output->next;
    free(output->temporary);
    free(output);
  }
}
