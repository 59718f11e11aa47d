/* test_memory.c - what a machine's files say about memory, in a folder made up for it. */
#include "common/memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { MADE_MAX = 16 };

struct made {
	char root[64];
	char *path[MADE_MAX];
	unsigned count;
};

static const char *
make_path(struct made *made, const char *name)
{
	assert_true(made->count < MADE_MAX);
	char *path = malloc(sizeof(made->root) + strlen(name));
	strcpy(path, made->root);
	return made->path[made->count++] = strcat(path, name);
}

static void
make_folder(struct made *made, const char *name)
{
	assert_int_equal(mkdir(make_path(made, name), 0700), 0);
}

static void
make_file(struct made *made, const char *name, const char *text)
{
	FILE *file = fopen(make_path(made, name), "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int
setup(void **state)
{
	struct made *made = calloc(1, sizeof(*made));
	strcpy(made->root, "/tmp/laju-memory-XXXXXX");
	assert_non_null(mkdtemp(made->root));
	*state = made;
	return 0;
}

static int
teardown(void **state)
{
	struct made *made = *state;
	while (made->count > 0) {
		remove(made->path[--made->count]);
		free(made->path[made->count]);
	}
	rmdir(made->root);
	free(made);
	return 0;
}

static void
the_lowest_limit_around_a_cgroup_counts(void **state)
{
	struct made *made = *state;
	make_folder(made, "/system");
	make_folder(made, "/system/laju");
	make_file(made, "/system/memory.max", "300000000\n");
	make_file(made, "/system/laju/memory.max", "400000000\n");
	assert_int_equal(memory_cgroup_limit("0::/system/laju\n", made->root), 300000000);
	make_file(made, "/system/laju/memory.max", "200000000\n");
	assert_int_equal(memory_cgroup_limit("0::/system/laju\n", made->root), 200000000);
	make_file(made, "/system/laju/memory.max", "max\n");
	assert_int_equal(memory_cgroup_limit("0::/system/laju\n", made->root), 300000000);
	make_file(made, "/system/memory.max", "max\n");
	assert_true(memory_cgroup_limit("0::/system/laju\n", made->root) == INT64_MAX);
}

/* A container sees its own cgroup at the root, and a path that is not there. */
static void
a_path_that_is_not_seen_is_passed_over(void **state)
{
	struct made *made = *state;
	make_file(made, "/memory.max", "500000000\n");
	assert_int_equal(memory_cgroup_limit("0::/elsewhere/deep\n", made->root), 500000000);
	assert_int_equal(memory_cgroup_limit("0::/\n", made->root), 500000000);
}

static void
of_version_1_only_the_memory_controller_counts(void **state)
{
	struct made *made = *state;
	make_folder(made, "/memory");
	make_folder(made, "/memory/shop");
	make_file(made, "/memory/shop/memory.limit_in_bytes", "600000000\n");
	make_file(made, "/memory/memory.limit_in_bytes", "9223372036854771712\n");
	assert_int_equal(memory_cgroup_limit("9:name=systemd:/shop\n4:memory:/shop\n1:cpu:/shop\n0::/\n", made->root), 600000000);
	assert_true(memory_cgroup_limit("9:name=systemd:/shop\n1:cpu:/shop\n", made->root) == INT64_MAX);
	assert_true(memory_cgroup_limit("", made->root) == INT64_MAX);
	assert_true(memory_cgroup_limit("rubbish\n::\n0:\n", made->root) == INT64_MAX);
}

static void
this_process_takes_some_of_what_there_is(void **state)
{
	(void)state;
	int64_t resident = memory_resident(), there_is = memory_there_is();
	assert_true(resident > 100000);
	assert_true(there_is > resident);
	memory_trim();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_lowest_limit_around_a_cgroup_counts, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_path_that_is_not_seen_is_passed_over, setup, teardown),
	    cmocka_unit_test_setup_teardown(of_version_1_only_the_memory_controller_counts, setup, teardown),
	    cmocka_unit_test(this_process_takes_some_of_what_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
