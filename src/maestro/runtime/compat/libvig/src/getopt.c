/* getopt and getopt_long, for both builds: symbolic execution runs this code too, where there is no
 * C library.
 *
 * As in the GNU C library: options and other arguments may be mixed (the others end up behind
 * the options), a long option may be shortened as long as it stays unambiguous, and ':' and '::'
 * mark required and optional values. Not supported: '+', '-' and 'W;' in the option string,
 * POSIXLY_CORRECT. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

char *optarg;
int optind = 1;
int opterr = 1;
int optopt = '?';

static char *rest; /* what is left of an argument with several short options, "-abc" */
static int others; /* how many arguments from argv[optind] on are no options */

static int complain(const char *program, const char *problem, const char *option, bool quiet) {
  if (opterr && !quiet) {
    fprintf(stderr, "%s: %s '%s'\n", program, problem, option);
  }
  return '?';
}

static bool is_option(const char *argument) { return argument[0] == '-' && argument[1] != '\0'; }

/* Moves the argument behind the skipped ones to their front, and past it. */
static char *take(char **argv) {
  char *argument = argv[optind + others];
  for (int i = optind + others; i > optind; i--) {
    argv[i] = argv[i - 1];
  }
  argv[optind++] = argument;
  return argument;
}

/* The next argument that is an option; NULL when there is none. */
static char *next_option(int argc, char **argv) {
  others = 0;
  while (optind + others < argc && !is_option(argv[optind + others])) {
    others++;
  }
  if (optind + others >= argc) {
    return NULL;
  }
  char *option = take(argv);
  return strcmp(option, "--") == 0 ? NULL : option;
}

/* Sets optarg to an option's value: the rest of its own argument, or the next argument. */
static bool take_value(int argc, char **argv, char *attached, bool required) {
  optarg = attached;
  if (attached == NULL && required) {
    optarg = optind + others < argc ? take(argv) : NULL;
  }
  return optarg != NULL || !required;
}

static int short_option(int argc, char **argv, const char *options) {
  char name[2] = {*rest++, '\0'};
  char *attached = *rest == '\0' ? NULL : rest;
  const char *found = name[0] == ':' ? NULL : strchr(options, name[0]);
  bool quiet = options[0] == ':';
  optarg = NULL;
  if (found == NULL || found[1] != ':') {
    rest = attached;
    optopt = name[0];
    return found ? name[0] : complain(argv[0], "unknown option", name, quiet);
  }
  rest = NULL;
  if (!take_value(argc, argv, attached, found[2] != ':')) {
    optopt = name[0];
    complain(argv[0], "option requires a value:", name, quiet);
    return quiet ? ':' : '?';
  }
  return name[0];
}

/* The option called, or uniquely starting with, the first `length` characters of `name`; -1 when
 * there is none. */
static int find_long(const struct option *longs, const char *name, size_t length) {
  int found = -1;
  for (int i = 0; longs[i].name != NULL; i++) {
    if (strncmp(longs[i].name, name, length) != 0) {
      continue;
    }
    if (strlen(longs[i].name) == length) {
      return i;
    }
    found = found == -1 ? i : -2;
  }
  return found < 0 ? -1 : found;
}

static int long_option(int argc, char **argv, char *name, const struct option *longs, int *index,
                       bool quiet) {
  char *value = strchr(name, '=');
  size_t length = value ? (size_t)(value - name) : strlen(name);
  int i = find_long(longs, name, length);
  optopt = 0;
  if (i < 0) {
    return complain(argv[0], "unknown or ambiguous option", name, quiet);
  }
  if (value != NULL && longs[i].has_arg == no_argument) {
    return complain(argv[0], "option takes no value:", name, quiet);
  }
  if (!take_value(argc, argv, value ? value + 1 : NULL, longs[i].has_arg == required_argument)) {
    optopt = longs[i].val;
    complain(argv[0], "option requires a value:", name, quiet);
    return quiet ? ':' : '?';
  }
  if (index != NULL) {
    *index = i;
  }
  if (longs[i].flag != NULL) {
    *longs[i].flag = longs[i].val;
    return 0;
  }
  return longs[i].val;
}

int getopt_long(int argc, char *const *argv_, const char *options, const struct option *longs,
                int *index) {
  char **argv = (char **)argv_;
  if (optind == 0) {
    optind = 1;
    rest = NULL;
  }
  if (rest == NULL) {
    char *option = next_option(argc, argv);
    if (option == NULL) {
      return -1;
    }
    if (option[1] == '-' && longs != NULL) {
      return long_option(argc, argv, option + 2, longs, index, options[0] == ':');
    }
    rest = option + 1;
  }
  return short_option(argc, argv, options);
}

int getopt(int argc, char *const *argv, const char *options) {
  return getopt_long(argc, argv, options, NULL, NULL);
}
