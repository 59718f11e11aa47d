/*
 * yaml.h - a YAML file as a located tree, and problems that point into it.
 *
 * A thin walker over libfyaml's events: each node knows its byte offset, so that
 * every later complaint can show file:line:col, the line and a caret. Problems
 * are collected, never printed here, and never stop at the first.
 *
 * Refused on purpose: anchors, aliases and tags (a configuration is small and read
 * by people; ten lines of aliases can mean a gigabyte), a second document, bytes
 * that are not UTF-8 (libfyaml 0.7.12 silently ends there). Of a key given twice
 * the first stays; the other is a problem and not in the tree.
 */
#ifndef LAJU_YAML_H
#define LAJU_YAML_H
#include "common/buf.h"

enum {
	YAML_BYTES_MAX = 2 << 20,  /* a file; larger is an error */
	YAML_NODES_MAX = 200000,
	YAML_DEPTH_MAX = 16,
	PROBLEMS_MAX = 200,        /* written out; more are only counted */
};

/* Problems, formatted: "file:line:col: message\n<source line>\n    ^\n". */
struct config_problems {
	struct buf text;      /* all of them, ready to print to stderr */
	struct buf heads;     /* the first line of each, for machines */
	struct buf places;    /* struct problem_place of each, for problems_sort() */
	uint32_t errors, warnings;
};

enum yaml_kind { YAML_SCALAR = 0, YAML_LIST, YAML_MAP };

struct yaml_node {
	uint8_t kind;            /* enum yaml_kind */
	bool plain;              /* a scalar without quotes */
	uint32_t at;             /* byte offset in the file */
	uint32_t count;          /* children */
	struct slice text;       /* scalar; terminated by a NUL behind it */
	struct yaml_node *key;   /* a map's child: its key, a scalar */
	struct yaml_node *first, *next;
	struct yaml_node *made_before; /* for yaml_fini() */
};

struct yaml_file {
	char *name;              /* as shown in problems */
	char *text;
	size_t len;
	uint32_t *line_at;       /* where each line begins */
	uint32_t lines;
	struct yaml_node *root;  /* NULL: empty, or not YAML */
	struct yaml_node *made;
	uint32_t made_count;
	bool bare;               /* not a file but a value of a flag or variable: problems show the name alone */
};

/* False when it is not YAML (the problem was added). Copies name and text; yaml_fini() either way. */
bool yaml_parse(struct yaml_file *file, const char *name, struct slice text, struct config_problems *problems);
/* Reads and parses; an unreadable file is one problem of one line. */
bool yaml_read(struct yaml_file *file, const char *path, struct config_problems *problems);
/* A single scalar that stands in no file; problems are named by name alone. */
struct yaml_node *yaml_bare(struct yaml_file *file, const char *name, struct slice value);
void yaml_fini(struct yaml_file *file);

/* at is a byte offset in the file. */
void yaml_error(const struct yaml_file *file, uint32_t at, struct config_problems *problems, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void yaml_warning(const struct yaml_file *file, uint32_t at, struct config_problems *problems, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A problem without a place: "where: message". */
void problem_error(struct config_problems *problems, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problem_warning(struct config_problems *problems, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problems_fini(struct config_problems *problems);
/* Into the order of the lines, file by file as they first appear: checks run by topic, people read downwards. */
void problems_sort(struct config_problems *problems);

/* The value of key in a map, or NULL. */
struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);
/* The right kind, or false and a problem naming what ("rates") should be. */
bool yaml_expect(const struct yaml_file *file, const struct yaml_node *node, enum yaml_kind kind, const char *what,
                 struct config_problems *problems);
/* Complains about each key of map that is not among names (a list ending in NULL). */
void yaml_check_keys(const struct yaml_file *file, const struct yaml_node *map, const char *const *names,
                     struct config_problems *problems);
/* 1-based, in characters; not of a bare one. A line is found at once, a column costs as much as it is far. */
uint32_t yaml_line(const struct yaml_file *file, uint32_t at);
void yaml_place(const struct yaml_file *file, uint32_t at, uint32_t *line, uint32_t *column);
#endif
