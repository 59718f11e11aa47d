/*
 * partition.h - which of several kernels an event belongs to, so that every total is the sum of theirs.
 *
 * All of a customer's events go to one: whoever is counted once, a lead, a sale and its
 * refunds, a conversion and its touches are then together. Events without a customer all go to the
 * first: a lead or an order of nobody in particular may link any of them. (Spreading those
 * by id, as was once planned, would count an order of two lines twice.) Pure; any thread.
 */
#ifndef AGGREGATOR_PARTITION_H
#define AGGREGATOR_PARTITION_H
#include "aggregator/kernel_config.h"
#include "schemas/group.h"

/* 0 .. count-1. */
uint32_t partition_of(const struct kernel_config *config, const struct group *group, const struct group_event *event,
                      uint32_t count);
#endif
