/*
 * cmd_check.h - `laju check [FILE] [-c FILE] [-o text|json] [--set NAME=VALUE]...`
 *
 * All problems on stderr, the effective settings with their origins on stdout.
 * Exit status 0, 2 (usage) or 3 (configuration invalid).
 */
#ifndef LAJU_CMD_CHECK_H
#define LAJU_CMD_CHECK_H

int cmd_check(int argc, char **argv);
#endif
