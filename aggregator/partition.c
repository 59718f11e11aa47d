/* partition.c - customers by hash. */
#include "aggregator/partition.h"

uint32_t
partition_of(const struct kernel_config *config, const struct group *group, const struct group_event *event,
             uint32_t count)
{
	struct slice cust = group_text(group, event, TEXT_CUST);
	if (cust.n == 0)
		return 0;
	/* Not the half of the hash by which tables find their places. */
	return (uint32_t)(((unsigned __int128)group_cust_hash(cust, &config->key).hi * count) >> 64);
}
