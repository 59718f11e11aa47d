/*
 * image.h - the whole state of a kernel as a stream, and back.
 *
 * What stands in it follows from the log prefix and the configuration: an image at record L and the records behind
 * it give what the whole log gives. Records keep their numbers, indices are made anew. Only for the configuration that
 * it was made with (kernel_fingerprint()); another one is derived from the log. The form is laju/image_file.md.
 *
 * Not in it: counters since the start, the auditor's walk, which series were told.
 */
#ifndef AGGREGATOR_IMAGE_H
#define AGGREGATOR_IMAGE_H
#include "aggregator/kernel.h"
#include "common/stream.h"

/* Finishes the drains first. At least one group was applied. */
void kernel_save(struct kernel *kernel, struct stream_out *out);
/* Into one that was just made. False: the stream failed, or is not of this form; free the kernel. */
bool kernel_load(struct kernel *kernel, struct stream_in *in);

/*
 * Of all that a kernel is told once and that its state at a log time depends on, the deployment's key included. Of the zone that
 * is where the days around that time begin: what its clocks did before or will do later changes nothing.
 */
struct hash128 kernel_fingerprint(const struct kernel_config *config, int64_t now_ms);

/*
 * Of the totals of all series of the rollups that have at most series_max, whatever their numbers and order: equal states
 * have equal digests, however their drains were cut. Finishes the drains first. About half a microsecond a series.
 */
struct hash128 kernel_digest(struct kernel *kernel, uint32_t series_max);
#endif
