/* image_file.c - see image_file.h. */
#include "laju/image_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PATH_BYTES = CONFIG_PATH_MAX + 64, LSN_DIGITS = 20, FORM_VERSION = 1 };
static const char prefix[] = "image-";

static void
path_of(const char *directory, uint64_t lsn, const char *suffix, char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s%0*" PRIu64 "%s", directory, prefix, LSN_DIGITS, lsn, suffix);
}

/* 0: it is no image's. */
static uint64_t
lsn_of(const char *name)
{
	size_t n = sizeof(prefix) - 1;
	if (strlen(name) != n + LSN_DIGITS || strncmp(name, prefix, n) != 0 ||
	    strspn(name + n, "0123456789") != LSN_DIGITS)
		return 0;
	return strtoull(name + n, NULL, 10);
}

static void
insert(uint64_t lsn[IMAGES_LISTED_MAX], uint32_t *count, uint64_t one)
{
	uint32_t at = 0;
	while (at < *count && lsn[at] > one)
		at++;
	if (at == IMAGES_LISTED_MAX)
		return;
	*count += *count < IMAGES_LISTED_MAX;
	memmove(lsn + at + 1, lsn + at, (*count - at - 1) * sizeof(*lsn));
	lsn[at] = one;
}

uint32_t
image_list(const char *directory, uint64_t lsn[IMAGES_LISTED_MAX])
{
	uint32_t count = 0;
	DIR *open = opendir(directory);
	for (struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;)
		if (lsn_of(entry->d_name) != 0)
			insert(lsn, &count, lsn_of(entry->d_name));
	if (open != NULL)
		closedir(open);
	return count;
}

uint64_t
image_bytes(const char *directory, uint64_t lsn)
{
	char path[PATH_BYTES];
	struct stat there;
	path_of(directory, lsn, "", path);
	return stat(path, &there) == 0 ? (uint64_t)there.st_size : 0;
}

/* The journal needs what room there is more than an image does. */
static bool
leaves_room(FILE *file)
{
	struct statvfs disk;
	if (fstatvfs(fileno(file), &disk) < 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= IMAGE_LEAVES_BYTES)
		return true;
	errno = ENOSPC;
	return false;
}

static bool
write_file(void *file, const void *bytes, uint32_t n)
{
	return leaves_room(file) && fwrite(bytes, 1, n, file) == n;
}

static bool
read_file(void *file, void *bytes, uint32_t n)
{
	return fread(bytes, 1, n, file) == n;
}

static void
put_head(struct stream_out *out, const struct image_head *head)
{
	stream_put_mark(out, "LJIM");
	stream_put_var(out, FORM_VERSION);
	stream_put_var(out, head->lsn);
	stream_put_int(out, head->time_ms);
	stream_put(out, &head->fingerprint, sizeof(head->fingerprint));
	stream_put(out, &head->digest, sizeof(head->digest));
}

static int
get_head(struct stream_in *in, struct image_head *head, char why[IMAGE_WHY_BYTES])
{
	stream_get_mark(in, "LJIM");
	uint64_t version = stream_get_var(in);
	if (stream_good(in) && version != FORM_VERSION) {
		snprintf(why, IMAGE_WHY_BYTES, "it has form %" PRIu64 ", this laju knows form %d", version, FORM_VERSION);
		return -ESTALE;
	}
	head->lsn = stream_get_var(in);
	head->time_ms = stream_get_int(in);
	stream_get(in, &head->fingerprint, sizeof(head->fingerprint));
	stream_get(in, &head->digest, sizeof(head->digest));
	if (stream_good(in))
		return 0;
	snprintf(why, IMAGE_WHY_BYTES, "its head is damaged");
	return -EBADMSG;
}

static int
system_error(const char *path, const char *what, char why[IMAGE_WHY_BYTES])
{
	int rc = errno != 0 ? -errno : -EIO;
	snprintf(why, IMAGE_WHY_BYTES, "%.200s cannot be %s: %s", path, what, strerror(-rc));
	return rc;
}

/* Every block, to the end: nothing of a damaged one gets into a kernel. */
static bool
sums_are_right(FILE *file)
{
	struct stream_in in = {.read = read_file, .context = file};
	bool right = stream_check(&in) && feof(file) && !ferror(file);
	stream_in_fini(&in);
	rewind(file);
	return right;
}

static bool
reads_back(FILE *file)
{
	rewind(file);
	if (sums_are_right(file))
		return true;
	errno = EIO;
	return false;
}

static bool
write_all(FILE *file, const struct config *config, struct cores *cores)
{
	struct kernel *kernel = aggregator_kernel(cores->aggregator);
	struct stream_out out = {.write = write_file, .context = file};
	const struct image_head head = {
	    .lsn = aggregator_lsn(cores->aggregator),
	    .time_ms = kernel_now(kernel),
	    .fingerprint = kernel_fingerprint(&config->kernel, kernel_now(kernel)),
	    .digest = kernel_digest(kernel, UINT32_MAX),
	};
	put_head(&out, &head);
	cores_save(cores, &out);
	bool good = stream_end(&out);
	stream_out_fini(&out);
	return good && fflush(file) == 0 && fsync(fileno(file)) == 0 && reads_back(file);
}

static bool
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return good;
}

/*
 * The file that is written: of one name, so that what one that was killed has left is written over, and locked, so that two
 * do not write one. NULL: why says so.
 */
static FILE *
begin_file(const char *path, char why[IMAGE_WHY_BYTES])
{
	struct stat here, there;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		system_error(path, "made", why);
		return NULL;
	}
	/* Another one may have renamed it between our two calls: then ours is a whole image. */
	bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &here) == 0 && stat(path, &there) == 0 &&
	            here.st_ino == there.st_ino;
	FILE *file = ours && ftruncate(fd, 0) == 0 ? fdopen(fd, "w+b") : NULL;
	if (file != NULL)
		return file;
	snprintf(why, IMAGE_WHY_BYTES, "%.200s is being written by another process", path);
	close(fd);
	return NULL;
}

static bool
is_of(const struct config *config, const struct image_head *head)
{
	struct hash128 here = kernel_fingerprint(&config->kernel, head->time_ms);
	return here.lo == head->fingerprint.lo && here.hi == head->fingerprint.hi;
}

uint32_t
image_list_usable(const char *directory, const struct config *config, uint64_t durable, uint64_t lsn[IMAGES_LISTED_MAX])
{
	uint64_t all[IMAGES_LISTED_MAX];
	char why[IMAGE_WHY_BYTES];
	struct image_head head;
	uint32_t count = 0, listed = image_list(directory, all);
	for (uint32_t i = 0; i < listed; i++)
		if (all[i] <= durable && image_peek(directory, all[i], &head, why) == 0 && is_of(config, &head))
			lsn[count++] = all[i];
	return count;
}

/* Of those that a start would take only the newest generations stay. Others' are others'. */
static void
remove_old(const char *directory, const struct config *config, uint64_t durable)
{
	uint64_t usable[IMAGES_LISTED_MAX];
	char path[PATH_BYTES];
	uint32_t count = image_list_usable(directory, config, durable, usable);
	for (uint32_t i = IMAGE_GENERATIONS; i < count; i++) {
		path_of(directory, usable[i], "", path);
		unlink(path);
	}
}

void
image_set_aside(const char *directory, uint64_t lsn)
{
	char path[PATH_BYTES], aside[PATH_BYTES];
	path_of(directory, lsn, "", path);
	snprintf(aside, sizeof(aside), "%s/image.bad", directory); /* one is enough to look at */
	if (rename(path, aside) < 0)
		unlink(path);
	sync_directory(directory);
}

int
image_write(const char *directory, const struct config *config, struct cores *cores, uint64_t durable,
            char why[IMAGE_WHY_BYTES])
{
	char path[PATH_BYTES], begun[PATH_BYTES];
	path_of(directory, aggregator_lsn(cores->aggregator), "", path);
	snprintf(begun, sizeof(begun), "%s/image.tmp", directory);
	FILE *file = begin_file(begun, why);
	if (file == NULL)
		return -EBUSY;
	errno = 0;
	int rc = write_all(file, config, cores) ? 0 : system_error(begun, "written", why);
	if (rc == 0 && rename(begun, path) < 0)
		rc = system_error(path, "made", why);
	if (rc < 0)
		unlink(begun); /* while it is ours */
	fclose(file); /* all of it is on the disk */
	if (rc == 0 && !sync_directory(directory))
		rc = system_error(directory, "synced", why);
	if (rc == 0)
		remove_old(directory, config, durable);
	return rc;
}

int
image_peek(const char *directory, uint64_t lsn, struct image_head *head, char why[IMAGE_WHY_BYTES])
{
	char path[PATH_BYTES];
	path_of(directory, lsn, "", path);
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return system_error(path, "read", why);
	struct stream_in in = {.read = read_file, .context = file};
	int rc = get_head(&in, head, why);
	stream_in_fini(&in);
	fclose(file);
	return rc;
}

static int
read_all(FILE *file, uint64_t lsn, const struct config *config, struct cores *cores, char why[IMAGE_WHY_BYTES])
{
	struct image_head head;
	struct stream_in in = {.read = read_file, .context = file};
	int rc = get_head(&in, &head, why);
	if (rc == 0 && !is_of(config, &head)) {
		snprintf(why, IMAGE_WHY_BYTES, "it was made with other rollups, slides, KPIs, zone or limits");
		rc = -ESTALE;
	}
	if (rc == 0 && (head.lsn != lsn || !cores_load(cores, &in) || aggregator_lsn(cores->aggregator) != lsn)) {
		snprintf(why, IMAGE_WHY_BYTES, "it is not what its sums say");
		rc = -EBADMSG;
	}
	stream_in_fini(&in);
	if (rc < 0)
		return rc;
	struct hash128 digest = kernel_digest(aggregator_kernel(cores->aggregator), UINT32_MAX);
	if (digest.lo == head.digest.lo && digest.hi == head.digest.hi)
		return 0;
	snprintf(why, IMAGE_WHY_BYTES, "its totals are not those that it was made of");
	return -EBADMSG;
}

int
image_read(const char *directory, uint64_t lsn, const struct config *config, struct cores *cores,
           char why[IMAGE_WHY_BYTES])
{
	char path[PATH_BYTES];
	path_of(directory, lsn, "", path);
	FILE *file = fopen(path, "rb");
	if (file == NULL)
		return system_error(path, "read", why);
	int rc = 0;
	if (!sums_are_right(file)) {
		snprintf(why, IMAGE_WHY_BYTES, "it is damaged");
		rc = -EBADMSG;
	}
	if (rc == 0)
		rc = read_all(file, lsn, config, cores, why);
	fclose(file);
	return rc;
}
